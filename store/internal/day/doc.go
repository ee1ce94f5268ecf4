// Package day makes up a day of a business on all its channels: what people and platforms
// post, in the order in which it happened and in the order in which it arrives, late,
// overtaken and twice. However it arrives, the same visitors must come out of it.
//
// People write for the first time and again, and change names and usernames. On WhatsApp
// they are known by a number at first, then by a business-scoped id too, then by that alone; some
// change their number, and others get the number that was given up; Brazilian
// numbers come with and without the ninth digit. In the chat they are anonymous in several
// browsers before they sign in. Forms come filled in, empty and by machines. Between all
// that are the echoes, receipts, reactions, edits, groups and tests that make no visitor.
//
// Three things keep their order, because they mean something else without it:
//
//   - A change of a number is not overtaken by what was said under the old one. The
//     visitor gives up the old number, since it passes to other people: whoever
//     writes under it after that is somebody else.
//   - What the next owner of a number says does not overtake the change by which it was given
//     up.
//   - What only changes a person who is known (an edited message) does not overtake what
//     told the ids it comes under: it makes nobody, and tells of nobody then.
//
// Telegram keeps the order of a chat; where Meta does not, a visitor more and a name less
// is what comes of it, and Merge and the next message mend it.
package day
