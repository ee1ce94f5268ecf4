// Package filter selects visitors. An expression is a tree of conditions on typed fields,
// joined by And, Or and Not:
//
//	filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("hot-lead"))
//
// A user can type the same expression as text, and a program can store it as JSON:
//
//	source:instagram tag:hot-lead
//	{"version":1,"filter":{"op":"and","of":[…]}}
//
// Parse and Format, Unmarshal and Marshal convert between the three forms without loss.
// LANGUAGE.md describes the forms and the meaning of each operator.
//
// An expression is data. Before it runs, it is bound (Bind): names of tags and groups become
// ids, relative dates become instants, texts are folded. Match on the bound expression defines
// the meaning: every store returns exactly the visitors for which Match is true. Explain
// returns why a visitor matches or does not, Lint warns about conditions that look like
// mistakes, Simplify returns a shorter equivalent, and Schema describes the fields to a front
// end. BindMoving is for a rule that is tested again and again while the time passes. To store an
// expression, Resolve it and Marshal the result: relative dates stay relative, and renaming a tag
// changes nothing. Package bound is for authors of engines.
//
// The logic has two values. A condition on a field that a visitor lacks does not match; Not is
// the exact complement of its operand. An empty And or Or, an unknown field, or an operator
// that does not fit the field is an error before a store is queried: a filter never means
// every visitor by mistake. Text is compared folded (case, width and accents are ignored) and
// literally: no character is a pattern.
package filter
