"""The volumes of one pod: made before its first container, made again when their objects change."""

from __future__ import annotations

from localjobs.api.objects import Object
from localjobs.kubelet.instructions import RecordEvent
from localjobs.kubelet.volume_directories import Volume
from localjobs.kubelet.volumes import CannotMount
from localjobs.kubelet.workshop import Workshop


class PodVolumes:
    """What a pod's volumes are on this machine, once they are made."""

    __slots__ = ("_shop", "are_made", "made")

    def __init__(self, shop: Workshop, *, is_needed: bool) -> None:
        self._shop = shop
        self.are_made = not is_needed
        self.made: dict[str, Volume] = {}
        """By the volumes' names."""

    def make(self, pod: Object) -> bool:
        """Make them, or make them anew; whether that worked. An event says why not."""
        try:
            self.made = self._shop.set_up_volumes(pod)
        except CannotMount as failure:
            self._shop.record(pod, RecordEvent("Warning", "FailedMount", str(failure)))
            return False
        self.are_made = True
        return True
