// Package group has contact groups: named sets of visitors. Visitors are added to a group by
// hand. A group can also have a rule, a filter whose matches are members while they match. A
// visitor who was added by hand is a member whether the rule matches or not, and one who was
// removed by hand is none.
//
// A rule can use every field, and mention groups that have no rule themselves. Relative dates in
// a rule stay relative. Tags and groups are stored by id, so that renaming one changes no rule.
package group
