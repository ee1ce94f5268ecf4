// Package consent decides whether a person may be written to.
//
// Consent belongs to an address towards a sender, a Subject, and never to a visitor: a person who
// stops the messages of one business number can still be reached from another one, and merging
// two visitors changes no consent. What somebody said about a subject is an Entry: granted, denied
// or pending, for one Topic or for the whole channel, with the evidence of it. An entry is
// never changed. Fold turns the entries about a subject into its Status, by these rules:
//
//  1. A denial is lifted only by a later grant of the person, or by the platform on which the
//     person resumed messages. Operators and imports never lift one; they can add one at any time.
//  2. A grant of an operator or an import counts only where nothing is known. It can extend an
//     earlier one of its kind. An import needs a basis.
//  3. The states of a platform cannot be written by the application (ErrPlatformOwned).
//  4. A denial of the whole channel beats every topic; a denial of a topic beats a grant of the
//     whole channel; where nothing was said, the default of the topic decides. So a person who
//     denied the channel and comes back grants the channel, and denies the topics not wanted.
//  5. A pending entry permits only the confirmation message, and expires. Confirming twice is the
//     same as confirming once.
//  6. A complaint and a hard bounce are lifted only by an operator, who gives a reason; a block
//     only by the platform or by a new message of the person.
//  7. A newer entry beats an older one, whichever arrives first: an entry counts from the time at
//     which it was said. At the same time the higher Origin counts, and of one origin the denial.
//  8. A visitor who gets another address leaves the consents of the old one behind, since they are
//     of the old address.
//
// Whether messages arrive at all is a matter of its own, its Health: HealthReports are folded by
// FoldHealth. Decide looks at both, and at the topic, and says whether a message of a Purpose may
// be sent, to which address, from which sender, and why.
//
// Subject.Hash, Link and Headers serve the links by which a person unsubscribes, and the memory
// of a denial after the person's data was deleted.
//
// The package is pure: it stores nothing, reads no clock, and its functions give the same result
// for the same arguments in any order. Values of enumerations are stable codes in snake_case, as
// they appear in JSON; Text returns them in English. Errors about input are *text.FieldError,
// which names the field and the reason, and never contains the value.
package consent
