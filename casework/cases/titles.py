"""What a task is called: the title of its rule, of the program, or what somebody typed."""

from casework.web.render import code_label


def title_of(request, rule_code: str | None, title: str | None) -> str:
    """The title in the language of the request. Never holds a name."""
    rule = request.registry["deadline_rules"].get(rule_code or "")
    return rule.title(request.locale_name) if rule is not None else code_label(request, "task_titles", title)
