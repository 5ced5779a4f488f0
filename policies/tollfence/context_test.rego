package tollfence_test

import data.tollfence

# ── hours, suspicions and approvers ───────────────────────────────────────────────────────────────────────────────

in_context(context) := object.union(question, {"context": object.union({"flags": []}, context)})

timed(given, hours) := object.union(given, {"hours": hours})

test_a_permission_applies_only_in_its_hours if {
	list := [timed(permission("a", "allow", "*", []), "09:00-17:00 UTC")]
	decision(list, in_context({"within": ["09:00-17:00 UTC"]})).rule == "a"
	decision(list, in_context({"within": []})).rule == "default"
	answer := decision(list, question)
	answer.reason == "No permission of g allows this github.issue.create: a would, but only 09:00-17:00 UTC."
}

test_a_denial_applies_only_in_its_hours if {
	list := [permission("a", "allow", "*", []), timed(permission("d", "deny", "*", []), "09:00-17:00 UTC")]
	decision(list, in_context({"within": ["09:00-17:00 UTC"]})).rule == "d"
	decision(list, in_context({"within": []})).rule == "a"
}

test_what_is_suspected_needs_an_approval_where_it_changes_something if {
	list := [permission("a", "allow", "*", [])]
	every flag in ["loop_suspected", "prompt_injection_suspected"] {
		answer := decision(list, in_context({"flags": [flag]}))
		[answer.effect, answer.rule] == ["require_approval", "a"]
	}
	decision(list, in_context({"flags": ["uninspected"]})).effect == "allow"
}

test_what_is_deferred_needs_an_approval_if_it_may_be_somebody_else_s_instruction_and_may_be_sent_again if {
	list := [permission("a", "defer", "*", [])]
	decision(list, in_context({"flags": ["prompt_injection_suspected"]})).effect == "require_approval"
	decision(list, in_context({"flags": ["loop_suspected"]})).effect == "defer"
}

reading(flag) := json.patch(in_context({"flags": [flag]}), [{"op": "replace", "path": "/action/access", "value": "read"}])

test_what_only_reads_is_not_asked_about_and_denied_only_in_a_loop if {
	list := [permission("a", "allow", "*", [])]
	decision(list, reading("prompt_injection_suspected")).effect == "allow"
	decision(list, reading("loop_suspected")).effect == "deny"
}

test_a_suspicion_makes_nothing_laxer if {
	list := [permission("d", "deny", "*", [])]
	decision(list, in_context({"flags": ["loop_suspected"]})).rule == "d"
}

test_an_approval_names_its_approvers if {
	list := [object.union(permission("a", "require_approval", "*", []), {"approvers": ["alice"], "approvals": 1})]
	decision(list, question).approvers == ["alice"]
}

test_of_a_parent_s_and_a_child_s_demands_none_is_lost if {
	asked := object.union(question, {"subject": {"type": "agent", "id": "g", "chain": ["parent", "g"]}})
	own := compiled([object.union(permission("a", "require_approval", "*", []), {"approvers": ["alice"]})])
	theirs := compiled([object.union(permission("b", "require_approval", "*", []), {"approvals": 2})])
	answer := tollfence.decision with input as asked
		with data.tollfence.permissions as {"g": own.permissions.g, "parent": theirs.permissions.g}
		with data.tollfence.index as {"g": own.index.g, "parent": theirs.index.g}
	answer.demands == {{"approvers": ["alice"], "approvals": 1}, {"approvers": [], "approvals": 2}}
}
