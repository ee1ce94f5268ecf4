// Package tag has the labels that a business assigns to visitors. A Tag has a name that is unique
// in its workspace, a color and a description. An Assignment is a tag on one visitor, with when,
// by whom and why it was assigned.
//
// A tag is created when its name is first used, with the color from ColorFor. Names with the same
// Key are the same tag: case, width, accents and spacing do not matter. A tag keeps the spelling
// that was used first.
package tag
