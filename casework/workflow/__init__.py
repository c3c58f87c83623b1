"""State changes only through a declared transition: from, to, event, who, guard, reason, clock."""
