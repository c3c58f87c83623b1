"""What the forms about tasks ask. Titles and results name nobody: they show in queues."""

from .fields import DateTimeNode, OptionNode, Strict, TextNode
from .i18n import _


class FreeTask(Strict):
    """A task somebody sets himself or a colleague."""

    title = TextNode(max=80, min=3, title=_("What is to be done"), description=_("Without names of people."))
    due_at = DateTimeNode(title=_("Due"))
    assignee_id = OptionNode("colleagues", title=_("Who does it"), missing=None)


class FinishTask(Strict):
    """Done: with what result."""

    result = TextNode(max=200, title=_("Result"), missing=None, description=_("Without names of people."))


class CancelTask(Strict):
    """Cancelled: why. A supervisor must say it; who cancels an own free task may."""

    reason = TextNode(max=500, title=_("Reason"), multiline=True, missing=None)


class AssignTask(Strict):
    """Reassigned: to whom, with the load of each."""

    assignee_id = OptionNode("task_assignees", title=_("Assign to"))
