"""A client of the API that knows nothing but a kubeconfig."""

import base64
import json
import ssl
import urllib.request
from pathlib import Path
from typing import Any

import yaml

JOBS = "/apis/batch/v1/namespaces/default/jobs"
PODS = "/api/v1/namespaces/default/pods"


class Client:
    """Requests with the kubeconfig's credentials. Raises `urllib.error.HTTPError`."""

    def __init__(self, state: Path) -> None:
        config = yaml.safe_load((state / "kubeconfig").read_text())
        cluster = config["clusters"][0]["cluster"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.server: str = cluster["server"]
        self.token: str = config["users"][0]["user"]["token"]
        self.context = ssl.create_default_context(cadata=authority)

    def ask(self, method: str, path: str, body: Any = None, kind: str = "json") -> Any:
        request = urllib.request.Request(
            self.server + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": f"application/{kind}",
            },
        )
        with urllib.request.urlopen(request, context=self.context, timeout=30) as answer:
            return json.loads(answer.read())

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def patch(self, path: str, body: Any) -> Any:
        return self.ask("PATCH", path, body, "merge-patch+json")

    def delete(self, path: str, **options: Any) -> Any:
        return self.ask("DELETE", path, options or None)

    def pods_of(self, job: str) -> list[dict[str, Any]]:
        selector = f"?labelSelector=batch.kubernetes.io/job-name={job}"
        items: list[dict[str, Any]] = self.get(PODS + selector)["items"]
        return items
