// Package visitor has the people who contact a business. A Visitor is one person: a profile
// (name and source required; e-mail and phone optional; typed attributes), the identities on
// channels, tags and groups. An identity also names the inboxes, such as numbers and pages of
// the business, through which the person came.
//
// A Draft creates a visitor and a Patch changes one; a Contact is the data about a person in
// one event on a channel. Rules normalize all three, or return a *FieldError with the field and
// the reason, which never contains the value. The package uses no database and no network; its
// types are plain values that can be copied and changed.
package visitor
