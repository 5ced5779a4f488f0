package tollfence

# METADATA
# scope: document
# title: Conditions on parameters
# description: |
#   A condition holds, fails, or neither. One that cannot be decided never lets an allow apply, and never keeps
#   anything stricter from applying.
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
