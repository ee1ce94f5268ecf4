// Package visitor holds the people who reach a business: a Visitor is one person,
// with a profile (name and source required; e-mail and phone optional; typed
// attributes), the channel identities it was met under, its tags and its groups.
//
// A Draft makes a visitor, a Patch changes one, a Contact is what a channel tells
// of one. Rules turn what people and channels type into what a store keeps, or
// refuse it with a *FieldError that names the field and the reason and never
// repeats the value. The package knows no database and no network; everything in it
// is a plain value that a caller may copy and change.
package visitor
