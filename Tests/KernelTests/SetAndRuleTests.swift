import Testing

/// What writes sets, and rules that match on sets: one test at a time, for a set cannot go while a rule refers to it.
@Suite(.kernel, .serialized) struct SetAndRuleTests {}
