// Package day generates a day of a business on all its channels: what people and platforms
// post, in the order in which it happened and in the order in which it arrives: late,
// reordered and repeated. Both must lead to the same visitors.
//
// People write for the first time and again, and change names and usernames. On WhatsApp they
// are known by a number at first, then also by a business-scoped id, then only by that; some
// change their number, and others get the released number; Brazilian numbers come with and
// without the ninth digit. In the chat widget they are anonymous in several browsers before
// they sign in. Forms arrive filled in, empty and from bots. In between are echoes, receipts,
// reactions, edits, groups and tests, which create no visitor.
//
// Three kinds of events arrive in order, because out of order they mean something else:
//
//   - A change of number arrives after the messages from the old number. With it the visitor
//     gives up the old number, which can pass to another person: later messages from it are
//     that person's.
//   - The messages of the next owner of a number arrive after the change that released it.
//   - Events that only update a known person, such as an edited message, arrive after the
//     event with the ids of the person: before it they create and update no visitor.
//
// Telegram keeps the order of a chat. Meta does not; then an extra visitor or a missing name
// can result, which Merge and the next message correct.
package day
