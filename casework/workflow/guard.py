"""The state of a record is set by the engine and by nothing else."""

from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import event, inspect

_engine_at_work: ContextVar[bool] = ContextVar("engine at work", default=False)


class StateSetByHand(RuntimeError):
    """Code outside the engine tried to set a state."""


class Stateful:
    """Mixin of records with a flow. `__flow__` names it; `state` changes through `workflow.engine.apply` only."""

    __flow__: str


@contextmanager
def engine_at_work():
    """Only the engine opens this."""
    token = _engine_at_work.set(True)
    try:
        yield
    finally:
        _engine_at_work.reset(token)


@event.listens_for(Stateful, "attribute_instrument", propagate=True)
def _guard(cls, key, attribute) -> None:
    if key != "state":
        return

    @event.listens_for(attribute, "set", active_history=True)
    def refuse(record, value, old, initiator):
        if not _engine_at_work.get() and inspect(record).persistent:
            raise StateSetByHand(f"{type(record).__name__}.state is set by a transition only")
        if not _engine_at_work.get() and value is not None:
            raise StateSetByHand(f"{type(record).__name__} is created through the engine only")
