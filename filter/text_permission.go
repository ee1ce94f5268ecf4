package filter

import (
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/visitor/consent"
)

// permission reads channel, channel/topic, or one of these with =state. After a comma a state can
// stand alone; it is about the channel and topic of the value before it.
func (p *parser) permission(f *Field, before []operand) (r PermissionRef, err error) {
	states := statesOf(f.Kind)
	start := p.pos
	word, err := p.permissionWord()
	switch {
	case err != nil:
		return r, err
	case p.at("!"):
		return r, p.fail(p.pos, "a negation is written -%s:…", f.Name)
	case len(states) > 0 && len(before) > 0 && !p.at("/") && !p.at("="):
		r = before[len(before)-1].Permission
		r.State = word
		return r, p.oneOf(start, "state", word, states)
	}
	r.Channel = consent.Channel(word)
	if err := p.oneOf(start, "channel", word, channelNames()); err != nil {
		return r, err
	}
	if p.skip("/") {
		if r.Topic, err = p.permissionWord(); err != nil {
			return r, err
		}
	}
	if p.skip("=") {
		start = p.pos
		if r.State, err = p.permissionWord(); err == nil && len(states) > 0 {
			err = p.oneOf(start, "state", r.State, states)
		}
	}
	return r, err
}

func (p *parser) permissionWord() (string, error) {
	word, _, err := p.wordOrQuoted(notPlainValue + "/=!")
	return strings.ToLower(word), err
}

// oneOf returns an error that suggests a known word, if word is not known.
func (p *parser) oneOf(pos int, what, word string, known []string) error {
	if slices.Contains(known, word) {
		return nil
	}
	err := p.fail(pos, "%s: unknown; known are %s", what, strings.Join(known, ", "))
	err.Suggestion = Suggest(word, known)
	return err
}

func channelNames() []string {
	var names []string
	for _, c := range consent.Channels() {
		names = append(names, string(c))
	}
	return names
}

// inherits reports whether the text form of r after that of before is its state alone.
func (r PermissionRef) inherits(before PermissionRef) bool {
	return r.Channel == before.Channel && r.Topic == before.Topic && r.State != ""
}
