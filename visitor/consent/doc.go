// Package consent decides whether a person may be written to.
//
// Consent belongs to an address towards a sender, a Subject, and never to a visitor: a person who
// stops the messages of one business number can still be reached from another one, and merging
// two visitors changes no consent. What somebody said about a subject is an Entry: granted, denied
// or pending, for one Topic or for the whole channel, with the evidence of it. An entry is
// never changed. Fold turns the entries about a subject into its Status, by these rules:
//
//  1. A denial is lifted only by the person, who grants messages later or takes the denial back
//     (Lifted), or by the platform on which the person resumed messages. Operators and imports never
//     lift one; they can add one at any time. The denial that stays of an erased person is lifted only
//     by what shows that the person has the address (EvidenceKind.FromAddress).
//  2. A grant of an operator or an import counts only where nothing is known, or to extend an
//     earlier grant of an operator or an import. An imported grant needs a basis.
//  3. The states of a platform cannot be written by the application (ErrPlatformOwned).
//  4. A denial of the whole channel beats every topic; a denial of a topic beats a grant of the
//     whole channel; where nothing was said, the default of the topic decides. So a person who
//     denied the channel and comes back takes that back, and grants the topics that are wanted.
//  5. A pending entry permits only the confirmation message, and expires. Confirming twice is the
//     same as confirming once.
//  6. A complaint and a hard bounce are lifted only by an operator, who gives a reason; a block
//     only by the platform or by a new message of the person.
//  7. A newer entry beats an older one, whichever arrives first: an entry counts from the time at
//     which it was said. At the same time the higher Origin counts, and of one origin the denial.
//  8. Consents stay with their address: if a visitor gets another address, those of the old one do
//     not count for the new one.
//
// Health is whether messages arrive at a subject at all. FoldHealth returns it from HealthReports.
// Decide looks at Status, Health and Topic, and returns whether a message of a Purpose may be sent,
// to which address, from which sender, and why.
//
// Link and Headers make the links by which a person unsubscribes. Subject.Hash finds a denial after
// the address itself was deleted.
//
// The package is pure: it stores nothing and reads no clock. The order of entries, reports and
// statuses makes no difference. Values of enumerations are stable codes in snake_case, as
// they appear in JSON; Text returns them in English. Errors about input are *text.FieldError,
// which names the field and the reason, and never contains the value.
package consent
