// Package group holds contact groups: named sets of visitors. Visitors are put into a
// group by hand; a group may also have a rule, a filter whose matches are members as long
// as they match. A visitor put in by hand stays whatever the rule says, and one taken out
// by hand stays out.
//
// A rule may use every field but groups, so that no group depends on another one. Relative
// dates in a rule stay relative; tags are kept by id, so that renaming one changes no rule.
package group
