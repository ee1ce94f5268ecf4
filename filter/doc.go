// Package filter says which visitors are meant. An expression is a tree of
// conditions on typed fields, joined by And, Or and Not:
//
//	filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("hot-lead"))
//
// The same can be typed, and stored as JSON:
//
//	source:instagram tag:hot-lead
//	{"version":1,"filter":{"op":"and","of":[…]}}
//
// Parse and Format, Unmarshal and Marshal go between the three without loss;
// LANGUAGE.md describes them, and what each operator means.
//
// An expression is data. Before it is run it is bound (Bind): names of tags and groups
// become ids, relative dates become instants, texts are folded. Match on the bound
// expression is the meaning: every store returns exactly the visitors for which Match is
// true. Explain tells why one matches or does not, Lint what in an expression is hardly
// meant, Simplify says the same in fewer words, Schema tells a front end what can be asked.
// To keep an expression, Resolve it and Marshal the result: relative dates stay relative,
// and renaming a tag changes nothing.
//
// The logic has two values. A condition on something that a visitor lacks does not
// match; Not is the exact complement of what it negates. An empty And or Or, an unknown
// field, an operator that does not fit are errors before any store is asked: a filter
// never means everyone by mistake. Text is compared folded (case, width and accents do
// not matter) and literally: no character is a pattern.
package filter
