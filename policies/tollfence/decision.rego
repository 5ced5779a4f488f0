# METADATA
# title: Tollfence's default policy
# description: |
#   Permissions, and nothing else. The question is `input`, the permissions are `data.tollfence`, compiled by
#   `src/policy/data.ts` and described in `../data.schema.json`.
#
#   Here: what is decided whatever the permissions say, the strictest answer over a chain of gateways, and that a
#   request which is suspected of something needs more than an allow. What one gateway may do is in
#   `permissions.rego`, the conditions on parameters are in `conditions.rego`.
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

# Only what is suspected of something has flags here.
else := object.union(judged, caution) if {
	input.v == 1
	input.context.flags
	doubtful
}

else := judged if input.v == 1

# A gateway that nobody started from another one: the same as below for a chain of one, without the sets.
judged := answer(input.subject.id) if input.subject.chain == [input.subject.id]

# The strictest answer over the whole chain of parents: a child may do only what each of them may.
else := object.union(answers[strictest[2]], {"exact": exact, "limits": limits, "demands": demands})

gateways := {input.subject.id} | {parent | some parent in input.subject.chain}

answers[gateway] := answer(gateway) if some gateway in gateways

strictest := max({[strictness[given.effect], gateway == input.subject.id, gateway] | some gateway, given in answers})

# Whether no `*` stood for the action anywhere: only then does an unclassified action get a credential.
default exact := false

exact if every given in answers { given.exact }

# What a child does counts by the limits of each of its parents, too.
limits := [id | some given in answers; some id in given.limits]

# Who must approve it: what each of them demands, since none of it is enough for another one.
demands := {demand |
	some given in answers
	given.effect == "require_approval"
	demand := {"approvers": object.get(given, "approvers", []), "approvals": object.get(given, "approvals", 1)}
}

# ── what is suspected of something ────────────────────────────────────────────────────────────────────────────────

suspicions := {
	"loop_suspected": "it may be a loop: this run has sent the same too often",
	"prompt_injection_suspected": "it may be somebody else's instruction: its content looks like one",
}

suspected := [why | some flag, why in suspicions; flag in input.context.flags]

doubtful if judged.effect == "allow"

# What is deferred nobody may have looked at when it is due. That it is sent again makes it no loop: it is done once.
doubtful if {
	judged.effect == "defer"
	"prompt_injection_suspected" in input.context.flags
}

# What changes something needs a human then. What is only read again and again is denied, since that harms nobody and
# asking would.
caution := {
	"effect": "require_approval",
	"reason": concat("", ["This needs an approval, because ", concat(", and ", suspected), ". (", judged.reason, ")"]),
} if {
	count(suspected) > 0
	input.action.access in {"write", "delete", "permissions"}
} else := {
	"effect": "deny",
	"reason": concat("", ["Not again: ", suspicions.loop_suspected, ". Use what was answered before, or do something else. (", judged.reason, ")"]),
} if {
	"loop_suspected" in input.context.flags
} else := {}
