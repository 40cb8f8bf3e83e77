from localjobs.kubelet.pod_template import PodTemplate, Role, TemplateCache


def test_init_containers_come_first_and_sidecars_are_told_apart() -> None:
    template = PodTemplate.of(
        {
            "restartPolicy": "Never",
            "initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}],
            "containers": [{"name": "c"}],
        }
    )
    assert list(template.names) == ["i", "s", "c"]
    assert [c.role for c in template.containers] == [Role.INIT, Role.SIDECAR, Role.MAIN]
    assert template.containers[1].field_path == "spec.initContainers{s}"
    assert template.init_count == 2
    assert not template.is_single


def restarts(policy: str, **container: object) -> tuple[bool, bool]:
    spec = {"restartPolicy": policy, "containers": [{"name": "c", **container}]}
    main = PodTemplate.of(spec).containers[0]
    return main.restarts_after(0), main.restarts_after(42)


def test_the_restart_policy_decides() -> None:
    assert restarts("Never") == (False, False)
    assert restarts("OnFailure") == (False, True)
    assert restarts("Always") == (True, True)


def test_a_containers_own_policy_and_rules_come_first() -> None:
    rule = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
    others = {"action": "Restart", "exitCodes": {"operator": "NotIn", "values": [42]}}
    assert restarts("Always", restartPolicy="Never") == (False, False)
    own = {"restartPolicy": "Never"}
    assert restarts("Never", **own, restartPolicyRules=[rule]) == (False, True)
    assert restarts("Never", **own, restartPolicyRules=[others]) == (True, False)


def test_an_init_container_that_succeeded_is_done_whatever_the_policy() -> None:
    spec = {"initContainers": [{"name": "i"}], "containers": [{"name": "c"}]}
    init = PodTemplate.of({**spec, "restartPolicy": "Always"}).containers[0]
    assert not init.restarts_after(0)
    assert init.restarts_after(1)


def test_pods_that_share_their_lists_share_a_template() -> None:
    cache = TemplateCache(size=2)
    spec = {"containers": [{"name": "c"}], "restartPolicy": "Never"}
    first = cache.of(spec)
    assert cache.of({**spec, "nodeName": "n"}) is first
    assert cache.of({**spec, "initContainers": [{"name": "i"}]}).has_init
    others = [{"containers": [{"name": str(i)}]} for i in range(3)]
    assert [cache.of(other).names for other in others] == [["0"], ["1"], ["2"]]
