from __future__ import annotations

from localjobs.kubelet.runtime import RuntimeEvent, Started
from localjobs.kubelet.shim_connection import ShimConnection
from localjobs.shim.protocol import VERSION, pack


async def test_news_in_the_read_that_ends_the_replay_do_not_hide_its_end() -> None:
    events: list[RuntimeEvent] = []
    connection = ShimConnection(events.extend)
    hello = pack([["hello", VERSION, "boot", 1, False], ["started", "a", 2, 3.0], ["replayed"]])
    connection.data_received(hello + pack([["started", "b", 4, 5.0]]))
    assert connection.replayed.done()
    assert events == [Started("a", 2, 3.0), Started("b", 4, 5.0)]
    assert connection.boot_id == "boot"
