# METADATA
# title: Tollfence's default policy
# description: |
#   Permissions, and nothing else. The question is `input`, the permissions are `data.tollfence`, compiled by
#   `src/policy/permissions.ts` and described in `data.schema.json`.
#
#   Deny beats all; then the most specific pattern; then the stricter effect. What no permission allows is denied.
#   A condition that cannot be decided never lets an allow apply, and never keeps anything stricter from applying.
package tollfence

strictness := {"allow": 0, "defer": 1, "require_approval": 2, "deny": 3}

default decision := {
	"effect": "deny",
	"rule": "default",
	"reason": "The policy does not understand the question.",
	"secret": null,
	"exact": false,
	"limits": [],
}

# `tf run` sends the canary before it starts a child; a gate that lets it through is no gate.
decision := {
	"effect": "deny",
	"rule": "canary",
	"reason": "The canary is denied always, so that its denial proves the gate.",
	"secret": null,
	"exact": false,
	"limits": [],
} if {
	input.v == 1
	input.action.connector == "tollfence"
}

# Asked about an answer: only about one in which the secrets that the gateway may use can't be looked for.
else := {
	"effect": "deny",
	"rule": "unscannable",
	"reason": "The answer can't be searched for the secrets that this gateway may use.",
	"secret": null,
	"exact": false,
	"limits": [],
} if {
	input.v == 1
	input.response.scannable == false
}

# A gateway that nobody started from another one: the same as below for a chain of one, without the sets.
else := answer(input.subject.id) if {
	input.v == 1
	input.subject.chain == [input.subject.id]
}

# The strictest answer over the whole chain of parents: a child may do only what each of them may.
else := object.union(answers[strictest[2]], {"exact": exact, "limits": limits}) if input.v == 1

gateways := {input.subject.id} | {parent | some parent in input.subject.chain}

answers[gateway] := answer(gateway) if some gateway in gateways

strictest := max({[strictness[given.effect], gateway == input.subject.id, gateway] | some gateway, given in answers})

# Whether no `*` stood for the action anywhere: only then does an unclassified action get a credential.
default exact := false

exact if every given in answers { given.exact }

# What a child does counts by the limits of each of its parents, too.
limits := [id | some given in answers; some id in given.limits]

answer(gateway) := {
	"effect": permission.effect,
	"rule": permission.id,
	"reason": concat("", [permission.reason, doubt(permission)]),
	"secret": null,
	"exact": permission.exact,
	"limits": limited(permission),
} if {
	permission := winner(gateway)
} else := {
	"effect": "deny",
	"rule": "default",
	"reason": concat("", ["No permission of ", gateway, " allows ", nearly(gateway)]),
	"secret": null,
	"exact": false,
	"limits": [],
}

# What to say of the most specific permission that allows the action, but not like this.
nearly(gateway) := concat("", ["this ", input.action.name, ": ", near.id, " would, but ", concat(", and ", wants(near)), "."]) if {
	best := max({rank |
		some i in candidates(gateway)
		permission := data.tollfence.permissions[gateway][i]
		permission.effect == "allow"
		rank := [permission.literals.action, permission.literals.resource, 0 - i]
	})
	near := data.tollfence.permissions[gateway][0 - best[2]]
} else := concat("", [input.action.name, "."])

# The parts of a permission that the request does not meet.
wants(permission) := array.concat(
	[concat("", ["only on ", named(permission.resource)]) | not about(permission.resource)],
	[concat(" ", [condition.name, condition.op, json.marshal(condition.value), outcome(condition)]) |
		some condition in permission.where
		not holds(condition)
	],
)

outcome(condition) := "does not hold" if fails(condition)

else := "could not be determined"

named(pattern) := concat(":", [pattern[0], concat("/", array.slice(pattern, 1, count(pattern)))]) if count(pattern) > 1

else := pattern[0]

# A permission with rates or budgets is named, so that the request is counted by them.
limited(permission) := [permission.id] if permission.limits

else := []

# Arrays are ordered by their first difference, so that `max` is the rule of precedence. The last member makes it
# unique: among equals, the permission that was set first.
winner(gateway) := data.tollfence.permissions[gateway][0 - best[4]] if {
	best := max({rank |
		some i in candidates(gateway)
		permission := data.tollfence.permissions[gateway][i]
		applies(permission)
		rank := [
			permission.effect == "deny",
			permission.literals.action,
			permission.literals.resource,
			strictness[permission.effect],
			0 - i,
		]
	})
}

# ── which permissions speak of this action and resource ───────────────────────────────────────────────────────────

# Positions of the permissions whose action pattern fits. A pattern without a `*`, or with one only at its end, is
# found by its text; the few others are tried one by one.
candidates(gateway) := found | tried if {
	index := data.tollfence.index[gateway]
	found := {i | some spelling in spellings; some i in index.spelled[spelling]}
	tried := {i |
		some other in index.others
		some segments in action_segments
		fits(other.segments, segments)
		some i in other.positions
	}
}

# An action has one name, and perhaps others that mean the same.
default action_names := []

action_names := array.concat([input.action.name], input.action.aliases) if input.action.aliases

else := [input.action.name]

action_segments := [split(name, ".") | some name in action_names]

spellings := {"*"} | {name | some name in action_names} | {spelling |
	some segments in action_segments
	some i, _ in segments
	i > 0
	spelling := concat(".", array.concat(array.slice(segments, 0, i), ["*"]))
}

applies(permission) if {
	permission.effect == "allow"
	about(permission.resource)
	every condition in permission.where { holds(condition) }
}

applies(permission) if {
	permission.effect != "allow"
	concerns(permission.resource)
	not refuted(permission.where)
}

refuted(conditions) if {
	some condition in conditions
	fails(condition)
}

about(null)

# What is not certain may be any resource: that lets nothing through, and keeps nothing stricter away.
about(pattern) if {
	not "resource" in input.action.unknown
	fits(pattern, resource_segments)
}

concerns(pattern) if about(pattern)

concerns(_) if "resource" in input.action.unknown

default resource_segments := []

resource_segments := [input.resource.type] if input.resource.id == ""

resource_segments := array.concat([input.resource.type], split(input.resource.id, "/")) if input.resource.id != ""

# A pattern fits segment by segment; `*` is any one segment, and at the end any number of them, at least one.
fits(pattern, segments) if {
	reaches(pattern, count(pattern), count(segments))
	every i, segment in pattern { same(segment, segments[i]) }
}

reaches(_, n, n)

reaches(pattern, n, m) if {
	n < m
	pattern[n - 1] == "*"
}

same("*", _)

same(literal, literal)

# ── conditions on parameters ──────────────────────────────────────────────────────────────────────────────────────

holds(condition) if verdict(condition.op, value(condition), condition.value)

fails(condition) if verdict(condition.op, value(condition), condition.value) == false

# What is certainly absent equals nothing, exceeds nothing and contains nothing. That it differs (`!=`) is left open.
fails(condition) if {
	condition.op != "!="
	absent(condition)
}

# What a reader should know when something applied although its conditions could not be decided.
doubt(permission) := concat("", [" (Not determined: ", concat(", ", names), ".)"]) if {
	names := {condition.name | some condition in permission.where; not holds(condition)}
	count(names) > 0
} else := ""

parameters := input.action.parameters

# A dotted name means a member of a parameter, unless a parameter has just that name.
path(condition) := [condition.name] if {
	present(parameters, condition.name)
} else := condition.path

value(condition) := object.get(parameters, path(condition), null) if not uncertain(condition)

absent(condition) if {
	not uncertain(condition)
	missing(condition)
}

# Surely missing: the first step that fails does so in an object. A step into anything else is a wrong type instead.
missing(condition) if {
	some i, step in condition.path
	not present(parameters, condition.name)
	outer := object.get(parameters, array.slice(condition.path, 0, i), null)
	is_object(outer)
	not present(outer, step)
}

present(object, key) if object[key] == object[key]

uncertain(condition) if {
	some name in input.action.unknown
	overlaps(name, condition.name)
}

# A body that was not read to its end may hold any parameter that has not been seen.
uncertain(condition) if {
	body_unread
	missing(condition)
}

overlaps("*", _)

overlaps(name, name)

overlaps(outer, inner) if startswith(inner, concat("", [outer, "."]))

overlaps(inner, outer) if startswith(inner, concat("", [outer, "."]))

body_unread if "body" in input.action.unknown

body_unread if input.request.body.state in {"truncated", "opaque"}

# Defined only where the types fit: a string never compares as a number.
verdict("==", a, b) := a == b if type_name(a) == type_name(b)

verdict("!=", a, b) := a != b if type_name(a) == type_name(b)

verdict("<", a, b) := a < b if is_number(a)

verdict("<=", a, b) := a <= b if is_number(a)

verdict(">", a, b) := a > b if is_number(a)

verdict(">=", a, b) := a >= b if is_number(a)

verdict("in", a, list) := a in list if type_name(a) == type_name(list[0])

verdict("startswith", a, b) := startswith(a, b) if is_string(a)

verdict("endswith", a, b) := endswith(a, b) if is_string(a)

verdict("contains", a, b) := contains(a, b) if {
	is_string(a)
	is_string(b)
}

verdict("contains", list, b) if {
	is_array(list)
	b in list
}

verdict("contains", list, b) := false if {
	is_array(list)
	not b in list
	every member in list { type_name(member) == type_name(b) }
}

verdict("matches", a, pattern) if {
	is_string(a)
	fits(pattern, split(a, "/"))
}

verdict("matches", a, pattern) := false if {
	is_string(a)
	not fits(pattern, split(a, "/"))
}
