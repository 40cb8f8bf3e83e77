import json

import pytest

from localjobs.api import objects
from localjobs.api.resources import CONFIGMAPS, JOBS, NAMESPACES, SECRETS
from localjobs.manifests.last_applied import LAST_APPLIED
from localjobs.store.store import Store
from tests.manifests.harness import Served, job

# Applying


async def test_a_manifest_is_created_and_its_status_file_says_so(served: Served) -> None:
    await served.put("pi.yaml", job())
    created = served.found(JOBS, "default", "pi")
    told = served.status()
    assert told["manifest"] == "pi.yaml"
    assert told["digest"].startswith("sha256:")
    assert told["errors"] == []
    (entry,) = told["jobs"]
    assert entry["name"] == "pi"
    assert entry["namespace"] == "default"
    assert entry["uid"] == objects.uid(created)
    assert entry["status"] == created["status"]


async def test_it_is_annotated_and_owned_as_applied(served: Served) -> None:
    await served.put("pi.yaml", job(image="a<b>&c"))
    created = served.found(JOBS, "default", "pi")
    text = objects.annotations(created)[LAST_APPLIED]
    assert "a\\u003cb\\u003e\\u0026c" in text
    assert json.loads(text) == {
        **job(image="a<b>&c"),
        "metadata": {"name": "pi", "namespace": "default", "annotations": {}},
    }
    assert {one["manager"] for one in created["metadata"]["managedFields"]} == {"localjobs"}


async def test_every_kind_and_language_is_read(served: Served) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "team"},
    }
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mine"}}
    served.write("a.yml", {"apiVersion": "v1", "kind": "List", "items": [job("one"), secret]})
    served.write("b.json", json.dumps(config) + json.dumps(namespace))
    toml = 'apiVersion="v1"\nkind="ConfigMap"\n[metadata]\nname="t"\n[data]\na="b"\n'
    await served.put("c.toml", toml)
    assert served.get("one") is not None
    assert served.store.get(SECRETS, "default", "s") is not None
    assert served.store.get(CONFIGMAPS, "team", "c") is not None
    assert served.store.get(NAMESPACES, "", "mine") is not None
    assert served.found(CONFIGMAPS, "default", "t")["data"] == {"a": "b"}
    assert served.status("b.status.yaml")["errors"] == []


async def test_files_of_other_names_are_left_alone(served: Served) -> None:
    for name in (".pi.yaml", "pi.status.yaml", "localjobs.toml", "pi.txt", "pi.yaml~", ".yaml"):
        served.write(name, job())
    await served.pass_time()
    assert served.store.list(JOBS) == []
    assert len(list(served.path.iterdir())) == 6


async def test_a_change_that_is_allowed_is_made(served: Served) -> None:
    await served.put("pi.yaml", job(parallelism=1, activeDeadlineSeconds=5))
    uid = served.uid()
    await served.put("pi.yaml", job(parallelism=3))
    changed = served.found(JOBS, "default", "pi")
    assert (objects.uid(changed), changed["spec"]["parallelism"]) == (uid, 3)
    assert "activeDeadlineSeconds" not in changed["spec"]
    assert changed["metadata"]["generation"] == 2
    assert served.errors() == []


async def test_what_others_set_stays(served: Served) -> None:
    await served.put("pi.yaml", job())
    found = served.found(JOBS, "default", "pi")
    served.registry.put(JOBS, {**found, "spec": {**found["spec"], "suspend": True}})
    await served.put("pi.yaml", job(parallelism=3))
    assert served.found(JOBS, "default", "pi")["spec"]["suspend"] is True


async def test_a_change_that_is_forbidden_is_shown_field_by_field(served: Served) -> None:
    await served.put("pi.yaml", job(completions=1))
    uid = served.uid()
    text = (
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: pi}\nspec:\n  completions: 2\n"
        "  template:\n    spec:\n      restartPolicy: OnFailure\n      containers:\n"
        "      - name: a\n        image: ruby\n"
    )
    await served.put("pi.yaml", text)
    unchanged = served.found(JOBS, "default", "pi")
    assert (objects.uid(unchanged), unchanged["spec"]["completions"]) == (uid, 1)
    errors = served.status()["errors"]
    assert [(one["line"], one["column"], one["field"]) for one in errors] == [
        (5, 3, "spec.completions"),
        (8, 7, "spec.template.spec.restartPolicy"),
        (11, 9, "spec.template.spec.containers[0].image"),
    ]
    assert errors[2]["message"] == (
        'spec.template.spec.containers[0].image: "perl" may not become "ruby": field is immutable'
    )
    await served.put("pi.yaml", job(completions=1))
    assert served.errors() == []


async def test_a_forbidden_change_is_made_once_the_job_is_gone(served: Served) -> None:
    await served.put("pi.yaml", job())
    uid = served.uid()
    await served.put("pi.yaml", job(image="ruby"))
    served.remove_job()
    await served.pass_time()
    assert served.uid() != uid
    assert served.errors() == []


REPLACE = {"annotations": {"localjobs.dev/replace": "true"}}


async def test_a_job_may_ask_to_be_replaced(served: Served) -> None:
    await served.put("pi.yaml", job(metadata=REPLACE))
    uid = served.uid()
    await served.put("pi.yaml", job(metadata=REPLACE, image="ruby"))
    replaced = served.found(JOBS, "default", "pi")
    assert objects.uid(replaced) != uid
    assert replaced["spec"]["template"]["spec"]["containers"][0]["image"] == "ruby"
    assert [entry["uid"] for entry in served.status()["jobs"]] == [objects.uid(replaced)]


async def test_a_replacement_waits_until_the_old_job_is_gone(served: Served) -> None:
    held = {**REPLACE, "finalizers": ["example.com/hold"]}
    await served.put("pi.yaml", job(metadata=held))
    uid = served.uid()
    await served.put("pi.yaml", job(metadata=held, image="ruby"))
    assert served.uid() == uid
    assert served.errors() == ["Job default/pi is being deleted; it is made anew once it is gone"]
    await served.restart()
    assert served.uid() == uid
    found = served.found(JOBS, "default", "pi")
    served.registry.put(JOBS, objects.with_metadata(found, finalizers=None))
    await served.pass_time()
    assert served.uid() != uid
    assert served.errors() == []


async def test_a_job_is_not_replaced_by_one_that_would_be_refused(served: Served) -> None:
    await served.put("pi.yaml", job(metadata=REPLACE))
    uid = served.uid()
    await served.put("pi.yaml", job(metadata=REPLACE, image="ruby", backoffLimit=-1))
    assert served.uid() == uid
    assert served.errors() == [
        "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0"
    ]


# Removing


async def test_a_removed_file_deletes_what_it_made(served: Served) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "team"},
    }
    await served.put("pi.yaml", job(), config)
    assert served.errors() == []
    (served.path / "pi.yaml").unlink()
    await served.pass_time()
    assert served.get() is None
    assert served.store.get(CONFIGMAPS, "team", "c") is None
    assert served.store.get(NAMESPACES, "", "team") is not None
    assert list(served.path.iterdir()) == []
    assert served.store.records("manifests") == {}


async def test_a_file_that_is_rewritten_the_long_way_is_not_removed(served: Served) -> None:
    await served.put("pi.yaml", job())
    uid = served.uid()
    (served.path / "pi.yaml").rename(served.path / "pi.yaml~")
    served.directory.look()
    await served.pass_time(0.3)
    served.write("pi.yaml", job(parallelism=2))
    await served.pass_time()
    assert served.uid() == uid


async def test_an_object_that_a_file_no_longer_names_is_deleted(served: Served) -> None:
    await served.put("pi.yaml", job("one"), job("two"))
    await served.put("pi.yaml", job("two"))
    assert (served.get("one"), served.get("two") is None) == (None, False)
    assert [entry["name"] for entry in served.status()["jobs"]] == ["two"]


async def test_nothing_is_deleted_while_a_document_cannot_be_told(served: Served) -> None:
    await served.put("pi.yaml", job("one"), job("two"))
    await served.put("pi.yaml", {**job("one"), "kind": "Jbo"}, job("two"))
    assert served.get("one") is not None
    assert "batch/v1 Jbo is no kind that is run from manifests" in served.errors()[0]


async def test_an_object_that_somebody_else_made_anew_is_not_deleted(served: Served) -> None:
    await served.put("pi.yaml", job())
    served.remove_job()
    served.registry.create(JOBS, "default", job())
    await served.pass_time()
    (served.path / "pi.yaml").unlink()
    await served.pass_time()
    assert served.get() is not None


async def test_a_renamed_file_keeps_its_job(served: Served) -> None:
    await served.put("pi.yaml", job())
    uid = served.uid()
    (served.path / "pi.yaml").rename(served.path / "tau.yaml")
    await served.pass_time()
    assert served.uid() == uid
    assert [entry["uid"] for entry in served.status("tau.status.yaml")["jobs"]] == [uid]
    assert not (served.path / "pi.status.yaml").exists()


# What has run does not run again


async def test_a_job_whose_time_to_live_is_over_stays_deleted(served: Served) -> None:
    await served.put("pi.yaml", job(ttlSecondsAfterFinished=1))
    uid = served.uid()
    served.add_pod(0, "Succeeded", 0)
    served.finish()
    await served.pass_time()
    served.remove_job()
    await served.pass_time()
    for _ in range(2):
        assert served.get() is None
        (entry,) = served.status()["jobs"]
        assert (entry["uid"], entry["status"]["succeeded"]) == (uid, 1)
        assert entry["pods"][0]["exitCode"] == 0
        assert entry["deletedAt"].startswith("2001-09-09T")
        await served.restart()
    (served.path / "pi.yaml").touch()
    await served.pass_time()
    assert served.get() is None
    await served.put("pi.yaml", job(ttlSecondsAfterFinished=2))
    assert served.get() is not None
    assert "deletedAt" not in served.status()["jobs"][0]


async def test_any_edit_of_its_file_runs_a_deleted_job_again(served: Served) -> None:
    await served.put("pi.yaml", job())
    served.remove_job()
    await served.put("pi.yaml", "# again\n" + json.dumps(job()))
    assert served.get() is not None


async def test_an_edit_of_one_document_runs_no_other_again(served: Served) -> None:
    await served.put("pi.yaml", job("one"), job("two"))
    served.remove_job("one")
    await served.put("pi.yaml", job("one"), job("two", parallelism=2), job("three"))
    assert served.get("one") is None
    assert served.get("three") is not None
    served.remove_job("three")
    await served.put("pi.yaml", job("three"))
    assert served.get("three") is None


@pytest.mark.parametrize("stage", ["created", "running", "finished", "deleted", "deleted unseen"])
async def test_a_restart_neither_loses_nor_repeats_anything(served: Served, stage: str) -> None:
    await served.put("pi.yaml", job())
    uid = served.uid()
    if stage != "created":
        served.set_status(active=1)
        served.add_pod(0)
    if stage in ("finished", "deleted"):
        served.finish()
    if stage == "deleted":
        served.remove_job()
    await served.pass_time()
    if stage == "deleted unseen":
        await served.directory.stop()
        served.remove_job()
        served.store.flush()
    versions = served.store.resource_version
    before = served.status()
    await served.restart()
    assert served.store.resource_version == versions
    if stage == "deleted unseen":
        assert served.status()["jobs"][0].pop("deletedAt")
        assert served.get() is None
    else:
        assert served.status() == before
        assert served.status()["jobs"][0]["uid"] == uid


async def test_what_happened_while_nobody_served_is_caught_up(served: Served) -> None:
    await served.put("gone.yaml", job("gone"))
    await served.put("old.yaml", job("old"))
    uid = served.uid("old")
    await served.directory.stop()
    (served.path / "gone.yaml").unlink()
    (served.path / "old.yaml").rename(served.path / "new.yaml")
    await served.restart()
    await served.pass_time()
    assert served.get("gone") is None
    assert served.uid("old") == uid


async def test_records_survive_on_disk(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("jobs.d")
    database = str(tmp_path_factory.mktemp("state") / "store.db")
    served = Served(path, Store.open(database))
    await served.start()
    await served.put("pi.yaml", job())
    served.finish()
    await served.pass_time()
    served.remove_job()
    await served.pass_time()
    await served.directory.stop()
    served.store.close()
    again = Served(path, Store.open(database))
    await again.start()
    await again.pass_time()
    assert again.get() is None
    assert again.status()["jobs"][0]["status"]["succeeded"] == 1
    await again.directory.stop()
    again.store.close()


# Who has what


async def test_a_second_file_that_names_a_job_is_refused(served: Served) -> None:
    await served.put("a.yaml", job())
    await served.put("b.yaml", "\n" + json.dumps(job(image="ruby")) + "\n", job("other"))
    assert served.get("other") is not None
    (error,) = served.status("b.status.yaml")["errors"]
    assert error["message"] == "Job default/pi is already held by a.yaml"
    assert (error["line"], error["field"]) == (2, "metadata.name")
    uid = served.uid()
    await served.restart()
    assert served.uid() == uid
    (served.path / "a.yaml").unlink()
    await served.pass_time()
    assert served.uid() != uid
    assert served.errors("b.status.yaml") == []


async def test_of_two_new_files_the_first_by_name_has_the_job(served: Served) -> None:
    served.write("b.yaml", job())
    await served.put("a.yaml", job())
    assert served.errors("a.status.yaml") == []
    assert served.errors("b.status.yaml") == ["Job default/pi is already held by a.yaml"]


async def test_the_second_document_of_a_name_is_refused(served: Served) -> None:
    await served.put("pi.yaml", job(), job(image="ruby"))
    assert served.errors() == ["Job default/pi is already named on line 1"]
    assert served.get() is not None


async def test_manifests_that_differ_in_their_ending_have_a_status_each(served: Served) -> None:
    await served.put("pi.json", json.dumps(job("one")))
    assert served.status("pi.status.yaml")["manifest"] == "pi.json"
    await served.put("pi.yaml", job("two"))
    assert served.status("pi.status.yaml")["manifest"] == "pi.yaml"
    assert served.status("pi.json.status.yaml")["manifest"] == "pi.json"
    (served.path / "pi.yaml").unlink()
    await served.pass_time()
    assert served.status("pi.status.yaml")["manifest"] == "pi.json"
