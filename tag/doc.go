// Package tag holds the labels that a business puts on its visitors: a Tag has a
// name that is unique in its workspace, a colour, and a description. An Assignment
// is a tag on one visitor, with when, by whom and why it was put there.
//
// Tags are made on the fly by naming them; a tag made so gets the colour ColorFor
// its name. Two names are the same tag when their Key is the same: case, width,
// accents and spacing do not matter, and the tag is shown as it was first typed.
package tag
