from typing import Any

import pytest

from localjobs.apiserver.tables import cron_job

NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z


def test_the_columns_are_those_of_upstream() -> None:
    assert [(one.name, one.type, one.priority) for one in cron_job.COLUMNS] == [
        ("Name", "string", 0),
        ("Schedule", "string", 0),
        ("Timezone", "string", 0),
        ("Suspend", "boolean", 0),
        ("Active", "integer", 0),
        ("Last Schedule", "string", 0),
        ("Age", "string", 0),
        ("Containers", "string", 1),
        ("Images", "string", 1),
        ("Selector", "string", 1),
    ]


@pytest.mark.parametrize(
    ("spec", "status", "cells"),
    [
        ({}, {}, ("", "<none>", "<unset>", 0, "<none>", "<unknown>", "", "", "<none>")),
        (
            {
                "schedule": "* * * * *",
                "timeZone": "Etc/UTC",
                "suspend": False,
                "jobTemplate": {
                    "spec": {
                        "selector": {"matchLabels": {"a": "b"}},
                        "template": {"spec": {"containers": [{"name": "c", "image": "i"}]}},
                    }
                },
            },
            {"active": [{}], "lastScheduleTime": "2023-11-14T22:13:00Z"},
            ("* * * * *", "Etc/UTC", "False", 1, "20s", "<unknown>", "c", "i", "a=b"),
        ),
    ],
)
def test_a_row(spec: Any, status: Any, cells: tuple[Any, ...]) -> None:
    one = {"metadata": {"name": "c"}, "spec": spec, "status": status}
    assert cron_job.row(one, NOW).cells == ("c", *cells)
