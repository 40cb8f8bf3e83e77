"""Random Jobs, in a shape that exercises every kind of list."""

from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "c", "d"])


def _optional(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


def _keyed(key: str, keys: st.SearchStrategy[Any], **members: Any) -> st.SearchStrategy[Any]:
    item = st.fixed_dictionaries({key: keys}, optional=members)
    return st.lists(item, min_size=1, max_size=3, unique_by=lambda one: one[key])


TEXTS = st.sampled_from(["x", "y", ""])
LABELS = st.dictionaries(NAMES, TEXTS, max_size=3)
CONTAINERS = _keyed(
    "name",
    NAMES,
    image=TEXTS,
    command=st.lists(TEXTS, min_size=1, max_size=3),
    env=_keyed("name", NAMES, value=TEXTS),
    ports=_keyed("containerPort", st.integers(1, 3), name=TEXTS),
    resources=_optional(limits=LABELS, requests=LABELS),
)
VOLUMES = _keyed("name", NAMES, emptyDir=_optional(medium=TEXTS), hostPath=_optional(path=TEXTS))
POD_SPECS = _optional(
    containers=CONTAINERS,
    volumes=VOLUMES,
    nodeSelector=LABELS,
    hostNetwork=st.booleans(),
    terminationGracePeriodSeconds=st.integers(0, 3),
    tolerations=st.lists(_optional(key=TEXTS, operator=TEXTS), min_size=1, max_size=2),
    imagePullSecrets=_keyed("name", NAMES),
)
METADATA = _optional(
    labels=LABELS,
    annotations=LABELS,
    finalizers=st.lists(NAMES, min_size=1, max_size=3, unique=True),
    ownerReferences=_keyed("uid", NAMES, kind=TEXTS, controller=st.booleans()),
)
JOBS = _optional(
    metadata=METADATA,
    spec=_optional(
        parallelism=st.integers(0, 3),
        suspend=st.booleans(),
        selector=_optional(matchLabels=LABELS),
        template=_optional(metadata=METADATA, spec=POD_SPECS),
    ),
)
