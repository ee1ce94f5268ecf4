// Package consent has the types of permission to write to a person: what somebody said about
// it (Entry), and whether messages arrive at all (HealthReport).
//
// Consent belongs to an address towards a sender, a Subject, and never to a visitor: a person
// who stops the messages of one business number can still be reached from another one. The
// package is pure: it imports only the standard library, stores nothing and reads no clock.
//
// Values are stable codes in snake_case, as they appear in JSON.
package consent
