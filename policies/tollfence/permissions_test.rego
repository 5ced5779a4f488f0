package tollfence_test

import data.tollfence

# ── a question and permissions in the shape in which `src/policy/permissions.ts` compiles them ────────────────────

question := {
	"v": 1,
	"subject": {"type": "agent", "id": "g", "chain": ["g"]},
	"action": {"name": "github.issue.create", "connector": "github", "access": "write", "parameters": {}, "unknown": []},
	"resource": {"type": "repo", "id": "acme/site"},
	"request": {"method": "POST", "body": {"state": "complete"}},
}

ask(parameters, unknown) := json.patch(question, [
	{"op": "replace", "path": "/action/parameters", "value": parameters},
	{"op": "replace", "path": "/action/unknown", "value": unknown},
])

permission(id, effect, pattern, where) := {
	"id": id,
	"effect": effect,
	"action": pattern,
	"resource": null,
	"where": where,
	"reason": concat(" ", [id, "says so."]),
	"literals": {"action": count([s | some s in split(pattern, "."); s != "*"]), "resource": 0},
	"exact": contains(pattern, "*") == false,
}

on(resource, given) := object.union(given, {
	"resource": resource,
	"literals": {"action": given.literals.action, "resource": count([s | some s in resource; s != "*"])},
})

compiled(list) := {
	"permissions": {"g": list},
	"index": {"g": {
		"spelled": {pattern: [i | some i, p in list; p.action == pattern] | some pattern in {p.action | some p in list}},
		"others": [],
	}},
}

decision(list, asked) := answer if {
	given := compiled(list)
	answer := tollfence.decision with input as asked
		with data.tollfence.permissions as given.permissions
		with data.tollfence.index as given.index
}

where(name, op, value) := [{"name": name, "path": split(name, "."), "op": op, "value": value}]

# ── precedence ────────────────────────────────────────────────────────────────────────────────────────────────────

test_what_nothing_allows_is_denied if {
	answer := decision([], question)
	answer.effect == "deny"
	answer.rule == "default"
	answer.reason == "No permission of g allows github.issue.create."
}

test_what_only_a_condition_keeps_from_being_allowed_says_which if {
	asked := ask({"amount": 5}, ["currency"])
	conditions := array.concat(where("amount", "<", 3), where("currency", "in", ["usd"]))
	near := on(["repo", "other", "*"], permission("near", "allow", "github.issue.create", conditions))
	answer := decision([permission("far", "allow", "github.*", where("amount", "<", 1)), near], asked)
	answer.reason == concat(", ", [
		"No permission of g allows this github.issue.create: near would",
		"but only on repo:other/*",
		"and amount < 3 does not hold",
		"and currency in [\"usd\"] could not be determined.",
	])
}

test_a_question_of_another_version_is_denied if {
	decision([permission("p", "allow", "*", [])], object.union(question, {"v": 2})).effect == "deny"
}

test_deny_beats_a_more_specific_allow if {
	answer := decision([permission("a", "allow", "github.issue.create", []), permission("d", "deny", "*", [])], question)
	answer.rule == "d"
}

test_the_more_specific_pattern_wins if {
	answer := decision([permission("a", "require_approval", "github.*", []), permission("b", "allow", "github.issue.*", [])], question)
	answer.rule == "b"
	answer.effect == "allow"
}

test_literals_of_the_action_count_before_those_of_the_resource if {
	answer := decision(
		[
			on(["repo", "acme", "site"], permission("a", "allow", "github.*", [])),
			permission("b", "require_approval", "github.issue.create", []),
		],
		question,
	)
	answer.rule == "b"
}

test_the_more_specific_resource_wins if {
	answer := decision(
		[
			on(["repo", "acme", "*"], permission("a", "require_approval", "github.*", [])),
			on(["repo", "acme", "site"], permission("b", "allow", "github.*", [])),
		],
		question,
	)
	answer.rule == "b"
}

test_among_equals_the_stricter_effect_wins if {
	effects := ["allow", "defer", "require_approval", "deny"]
	every i, effect in effects {
		list := [permission(e, e, "github.*", []) | some j, e in effects; j <= i]
		decision(list, question).effect == effect
	}
}

test_among_equals_of_one_effect_the_first_is_named if {
	decision([permission("a", "allow", "*", []), permission("b", "allow", "*", [])], question).rule == "a"
}

test_a_child_may_do_only_what_each_parent_may if {
	asked := object.union(question, {"subject": {"type": "agent", "id": "g", "chain": ["parent", "g"]}})
	decision([permission("a", "allow", "*", [])], asked).effect == "deny"
}

test_only_a_pattern_without_a_star_is_exact if {
	decision([permission("a", "allow", "github.issue.create", [])], question).exact
	not decision([permission("a", "allow", "github.*", [])], question).exact
}

# ── conditions ────────────────────────────────────────────────────────────────────────────────────────────────────

# What a condition does to an allow and to a deny: [allowed, denied].
outcome(condition, asked) := [
	decision([permission("a", "allow", "*", condition)], asked).rule == "a",
	decision([permission("d", "deny", "*", condition)], asked).rule == "d",
]

proven := [true, true]

refuted := [false, false]

undetermined := [false, true]

test_conditions if {
	parameters := {"amount": 4200, "ref": "refs/heads/agent/x", "labels": ["safe"], "customer": {"country": "DE"}, "draft": false, "none": null}
	cases := [
		["amount", ">", 4199, proven],
		["amount", ">", 4200, refuted],
		["amount", ">=", 4200, proven],
		["amount", "<=", 4200, proven],
		["amount", "<", 4200, refuted],
		["amount", "!=", 4200, refuted],
		["amount", "==", "4200", undetermined],
		["amount", "startswith", "42", undetermined],
		["draft", "==", false, proven],
		["draft", "!=", true, proven],
		["ref", ">", 5, undetermined],
		["ref", "matches", ["refs", "heads", "agent", "*"], proven],
		["ref", "matches", ["refs", "*"], proven],
		["ref", "matches", ["refs", "*", "x"], refuted],
		["ref", "matches", ["refs", "heads", "agent", "x", "*"], refuted],
		["ref", "endswith", "/x", proven],
		["ref", "contains", "agent", proven],
		["ref", "in", ["a", "b"], refuted],
		["ref", "in", [1, 2], undetermined],
		["labels", "contains", "safe", proven],
		["labels", "contains", "risky", refuted],
		["labels", "contains", 1, undetermined],
		["labels", "==", "safe", undetermined],
		["customer.country", "==", "DE", proven],
		["customer.city", "==", "Berlin", refuted],
		["ref.length", "==", 3, undetermined],
		["none", "==", "x", undetermined],
		["none", "!=", "x", undetermined],
		["missing", "==", 1, refuted],
		["missing", ">", 1, refuted],
		["missing", "!=", 1, undetermined],
		["missing.deeper", "contains", "x", refuted],
	]
	every case in cases { outcome(where(case[0], case[1], case[2]), ask(parameters, [])) == case[3] }
}

test_what_is_unknown_is_undetermined if {
	every unknown in ["amount", "*"] {
		outcome(where("amount", "==", 1), ask({"amount": 1}, [unknown])) == undetermined
	}
	outcome(where("a.b", "==", 1), ask({"a": {"b": 1}}, ["a"])) == undetermined
	outcome(where("a", "==", 1), ask({"a": 1}, ["a.b"])) == undetermined
	outcome(where("amount", "==", 1), ask({"amount": 1}, ["amounts"])) == proven
}

test_what_an_unread_body_may_hold_is_undetermined if {
	outcome(where("amount", ">", 1), ask({}, ["body"])) == undetermined
	truncated := object.union(question, {"request": {"method": "POST", "body": {"state": "truncated"}}})
	outcome(where("amount", ">", 1), truncated) == undetermined
}

test_a_stricter_effect_says_what_was_not_determined if {
	answer := decision([permission("d", "deny", "*", where("amount", ">", 1))], ask({}, ["amount"]))
	answer.reason == "d says so. (Not determined: amount.)"
}

test_an_answer_that_can_not_be_searched_is_denied_whatever_is_allowed if {
	asked := object.union(question, {"response": {"scannable": false}})
	answer := decision([permission("a", "allow", "*", [])], asked)
	[answer.effect, answer.rule] == ["deny", "unscannable"]
}

test_every_condition_must_hold if {
	both := array.concat(where("a", "==", 1), where("b", "==", 2))
	outcome(both, ask({"a": 1, "b": 2}, [])) == proven
	outcome(both, ask({"a": 1, "b": 3}, [])) == refuted
	outcome(both, ask({"a": 1, "b": 3}, ["a"])) == refuted
	outcome(both, ask({"a": 1, "b": 2}, ["a"])) == undetermined
}

# ── other names, and a resource that is not certain ───────────────────────────────────────────────────────────────

renamed := json.patch(question, [{"op": "add", "path": "/action/aliases", "value": ["github.issues.create"]}])

test_a_permission_may_use_any_name_of_an_action if {
	every pattern in ["github.issue.create", "github.issues.create", "github.issues.*", "github.issue.*"] {
		decision([permission("a", "allow", pattern, [])], renamed).rule == "a"
	}
	decision([permission("a", "allow", "github.issues.create", [])], question).rule == "default"
}

test_a_denial_by_another_name_beats_an_allow if {
	list := [permission("a", "allow", "github.issue.create", []), permission("d", "deny", "github.issues.*", [])]
	decision(list, renamed).rule == "d"
}

test_a_resource_that_is_not_certain_may_be_any if {
	asked := ask({}, ["resource"])
	decision([on(["repo", "acme", "*"], permission("a", "allow", "*", []))], asked).rule == "default"
	list := [permission("a", "allow", "*", []), on(["repo", "other", "x"], permission("d", "deny", "*", []))]
	decision(list, asked).rule == "d"
	decision(list, question).rule == "a"
}

# ── rates and budgets ─────────────────────────────────────────────────────────────────────────────────────────────

limited(given) := object.union(given, {"limits": {"rate": ["10/min"], "budget": []}})

test_a_permission_with_limits_is_named_and_only_the_one_that_wins if {
	list := [limited(permission("a", "allow", "*", [])), limited(permission("b", "allow", "github.*", []))]
	decision(list, question).limits == ["b"]
	decision([permission("a", "allow", "*", [])], question).limits == []
}

test_a_child_counts_by_the_limits_of_each_parent if {
	asked := object.union(question, {"subject": {"type": "agent", "id": "g", "chain": ["parent", "g"]}})
	own := compiled([limited(permission("a", "allow", "*", []))])
	theirs := compiled([limited(permission("b", "allow", "*", []))])
	answer := tollfence.decision with input as asked
		with data.tollfence.permissions as {"g": own.permissions.g, "parent": theirs.permissions.g}
		with data.tollfence.index as {"g": own.index.g, "parent": theirs.index.g}
	answer.effect == "allow"
	answer.rule == "a"
	{id | some id in answer.limits} == {"a", "b"}
}
