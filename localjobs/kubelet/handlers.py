"""Tries the handlers of probes and hooks: exec, httpGet, tcpSocket, sleep.

    handlers.run(Call(handler, container_id, ...), answered)

An answer never comes from within the call. Nothing is answered twice, and nothing after `close`.
Upstream: pkg/probe, pkg/kubelet/prober/prober.go and pkg/kubelet/lifecycle/handlers.go.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias

from localjobs.clock import Clock
from localjobs.kubelet.answers import Answer, Call, Verdict
from localjobs.kubelet.runtime import Executed, Runtime

Answered: TypeAlias = Callable[[Answer], None]

MOST_OUTPUT = 10 << 10
"""Characters of an answer that are kept (maxReadLength upstream)."""


class Handlers:
    """Tries handlers on behalf of all pods of a node."""

    def __init__(self, runtime: Runtime, clock: Clock, host: str) -> None:
        """`host`: the address of pods, for handlers that name none."""
        self._runtime, self._clock, self._host = runtime, clock, host
        # The time tells this daemon's commands from those of one before, which may still end.
        born = clock.now()
        self._names = (f"{born}/{number}" for number in itertools.count(1))
        self._executing: dict[str, Callable[[Executed], None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def run(self, call: Call, answered: Answered) -> None:
        """Try it once."""
        handler = call.handler
        if handler.get("exec"):
            self._execute(call, answered)
        elif handler.get("httpGet"):
            from localjobs.kubelet import http_get

            self._spawn(http_get.attempt(call, self._host), answered)
        elif handler.get("tcpSocket") and call.is_probe:
            from localjobs.kubelet import tcp_socket

            self._spawn(tcp_socket.attempt(call, self._host), answered)
        elif handler.get("sleep"):
            seconds = handler["sleep"].get("seconds") or 0
            self._later(seconds, answered, Answer(Verdict.SUCCESS))
        else:
            # A hook with a tcpSocket, which upstream accepts and cannot run.
            self._later(0, answered, Answer(Verdict.FAILURE, "invalid handler"))

    def executed(self, event: Executed) -> None:
        """A command has ended; nothing if it was given up, or nobody here asked for it."""
        done = self._executing.pop(event.name, None)
        if done is not None:
            done(event)

    def close(self) -> None:
        """Answer nobody any more."""
        self._is_closed = True
        self._executing.clear()
        for task in self._tasks:
            task.cancel()

    def _later(self, seconds: float, answered: Answered, answer: Answer) -> None:
        self._clock.call_at(
            self._clock.now() + seconds, lambda: None if self._is_closed else answered(answer)
        )

    def _execute(self, call: Call, answered: Answered) -> None:
        name, command = next(self._names), call.handler["exec"].get("command") or []
        timer = None
        if call.timeout is not None:
            give_up = partial(self._give_up, call, name, answered)
            timer = self._clock.call_at(self._clock.now() + call.timeout, give_up)

        def done(event: Executed) -> None:
            if timer is not None:
                timer.cancel()
            answered(_answer(event))

        self._executing[name] = done
        self._runtime.execute(call.container_id, name, command)

    def _give_up(self, call: Call, name: str, answered: Answered) -> None:
        if self._executing.pop(name, None) is None:
            return
        self._runtime.abort(call.container_id, name)
        words = " ".join(call.handler["exec"].get("command") or [])
        text = f'command timed out: "{words}" timed out after {call.timeout:g}s'
        answered(Answer(Verdict.FAILURE, text))

    def _spawn(self, attempt: Coroutine[Any, Any, Answer], answered: Answered) -> None:
        async def tell() -> None:
            answered(await attempt)

        task = asyncio.get_running_loop().create_task(tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _answer(event: Executed) -> Answer:
    if event.exit_code is None:
        return Answer(Verdict.UNKNOWN, f"failed to exec in container: {event.output}")
    verdict = Verdict.SUCCESS if event.exit_code == 0 else Verdict.FAILURE
    return Answer(verdict, event.output[:MOST_OUTPUT])
