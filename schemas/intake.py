"""People of a referral, as far as an operator or investigator writes them down at intake."""

from .fields import BooleanNode, CodeNode, PartialDateNode
from .i18n import _
from .person import Names


class IntakePerson(Names):
    """A child, a suspect or somebody else whom the report names. Only what is known; more is asked in the case."""

    role = CodeNode("person_role", exclude=("reporter",), title=_("Role"))
    sex = CodeNode("sex", missing="unknown", title=_("Sex"))
    dob = PartialDateNode(
        past=True, missing=None, title=_("Date of birth"),
        description=_("Leave out day or month if nobody knows them. Why we ask: the law depends on age."),
    )
    relation_to_victim = CodeNode("relations", missing=None, title=_("Relation to the child"))
    lives_with_child = BooleanNode(
        title=_("Lives in the child's household"), description=_("Why we ask: the child's safety today.")
    )
    is_caregiver = BooleanNode(title=_("Caregiver of the child"))
