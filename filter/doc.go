// Package filter says which visitors are meant. An expression is a tree of
// conditions on typed fields, joined by And, Or and Not:
//
//	filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("hot-lead"))
//
// An expression is data. It is built in Go, read from a text or JSON form, stored,
// explained; before it is run it is bound (Bind): names of tags and groups become ids,
// relative dates become instants, texts are folded. Match on the bound expression is
// the meaning: every store returns exactly the visitors for which Match is true.
//
// The logic has two values. A condition on something that a visitor lacks does not
// match; Not is the exact complement of what it negates. An empty And or Or, an unknown
// field, an operator that does not fit are errors before any store is asked: a filter
// never means everyone by mistake. Text is compared folded (case, width and accents do
// not matter) and literally: no character is a pattern.
package filter
