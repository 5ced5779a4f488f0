package tollfence

# METADATA
# scope: document
# title: What one gateway may do
# description: |
#   Deny beats all; then the most specific pattern; then the stricter effect. What no permission allows is denied.
#   Outside of its hours a permission does not apply.
answer(gateway) := said if {
	permission := winner(gateway)
	said := demanding(permission, {
		"effect": permission.effect,
		"rule": permission.id,
		"reason": concat("", [permission.reason, doubt(permission)]),
		"secret": null,
		"exact": permission.exact,
		"limits": limited(permission),
	})
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
		promising(permission)
		rank := [permission.literals.action, permission.literals.resource, 0 - i]
	})
	near := data.tollfence.permissions[gateway][0 - best[2]]
} else := concat("", [input.action.name, "."])

# Other effects than an allow are no hope, unless it is only not the time for them.
promising(permission) if permission.effect == "allow"

promising(permission) if {
	permission.effect != "allow"
	permission.effect != "deny"
	not timely(permission)
}

# The parts of a permission that the request does not meet.
wants(permission) := array.concat(
	array.concat(
		[concat("", ["only on ", named(permission.resource)]) | not about(permission.resource)],
		[concat("", ["only ", permission.hours]) | not timely(permission)],
	),
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

# Who must approve what needs an approval by it, if it says so.
demanding(permission, said) := object.union(said, {
	"approvers": object.get(permission, "approvers", []),
	"approvals": object.get(permission, "approvals", 1),
}) if permission.effect == "require_approval"

else := said

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

spellings := ({"*"} | {name | some name in action_names}) | {spelling |
	some segments in action_segments
	some i, _ in segments
	i > 0
	spelling := concat(".", array.concat(array.slice(segments, 0, i), ["*"]))
}

applies(permission) if {
	timely(permission)
	permission.effect == "allow"
	about(permission.resource)
	every condition in permission.where { holds(condition) }
}

applies(permission) if {
	timely(permission)
	permission.effect != "allow"
	concerns(permission.resource)
	not refuted(permission.where)
}

# Whether now is in its hours. Those that hold were found out before: Rego has no clock here.
timely(permission) if not permission.hours

timely(permission) if permission.hours in input.context.within

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
