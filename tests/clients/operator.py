"""An operator as people write them: it marks Jobs when they appear, end and go.

What it saw last, a Job's deletion, it writes to the file that the environment names.
"""

import os
from pathlib import Path
from typing import Any

import kopf

WATCHED = {"watched": "yes"}
JOBS = ("batch", "v1", "jobs")


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.posting.enabled = True
    settings.persistence.finalizer = "localjobs.dev/operator"


@kopf.on.create(*JOBS, labels=WATCHED)
def appeared(patch: kopf.Patch, body: kopf.Body, **_: Any) -> None:
    patch.metadata.labels["marked"] = "yes"
    kopf.info(body, reason="Marked", message="the operator has seen it")


@kopf.on.field(*JOBS, field="status.completionTime", labels=WATCHED, new=kopf.PRESENT)
def completed(status: kopf.Status, patch: kopf.Patch, **_: Any) -> None:
    patch.metadata.labels["succeeded"] = str(status["succeeded"])
    patch.metadata.annotations["localjobs.dev/completed"] = str(status["completionTime"])


@kopf.on.update(*JOBS, field="spec.suspend", old=True, new=False, labels=WATCHED)
def resumed(patch: kopf.Patch, **_: Any) -> None:
    patch.metadata.labels["resumed"] = "yes"


@kopf.on.delete(*JOBS, labels=WATCHED)
def gone(name: str, **_: Any) -> None:
    with Path(os.environ["DELETIONS"]).open("a") as deletions:
        deletions.write(f"{name}\n")
