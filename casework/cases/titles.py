"""What a task is called: the title of its rule, of the program, or what somebody typed."""

from typing import Any

from casework.web.render import code_label


def title_of(request, task: Any) -> str:
    """The title in the language of the request. Never holds a name."""
    rule = request.registry["deadline_rules"].get(task.rule or "")
    if rule is not None:
        return rule.title(request.locale_name)
    return code_label(request, "task_titles", task.title)
