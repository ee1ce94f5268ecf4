package day

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// world is the state of the day.
type world struct {
	*rand.Rand
	now      int // number of the current event
	at       time.Time
	ids      int
	kinds    map[string]int
	people   map[string][]*person // by channel
	released []releasedNumber     // oldest first
}

// releasedNumber is a WhatsApp number that its owner gave up in event at.
type releasedNumber struct {
	number string
	at     int
}

// person is a person on one channel.
type person struct {
	id        string
	name      string
	username  string
	number    string // on WhatsApp; in Brazil with the ninth digit
	brazilian bool
	scoped    string   // business-scoped id
	hidden    bool     // the channel sends only the scoped id
	anonymous []string // ids of browsers
	first     int      // number of the event with the ids
	last      int      // number of the last event
}

// isSettled reports whether every event of p has arrived.
func (w *world) isSettled(p *person) bool { return w.now-p.last > quiet }

// isKnown reports whether the event with the ids of p has arrived.
func (w *world) isKnown(p *person) bool { return w.now-p.first > quiet }

func (w *world) event() event {
	switch n := w.IntN(100); {
	case n < 40:
		return event{"whatsapp", w.whatsapp()}
	case n < 55:
		return event{"messenger", w.messenger()}
	case n < 72:
		return event{"instagram", w.instagram()}
	case n < 87:
		return event{"telegram", w.telegram()}
	case n < 95:
		return event{"chat", w.chat()}
	}
	return event{"form", w.form()}
}

// anyPerson returns a person of a channel, in one of four cases a new one, completed by make.
func (w *world) anyPerson(channel string, make func(*person)) *person {
	if w.people == nil {
		w.people = map[string][]*person{}
	}
	people := w.people[channel]
	if len(people) > 0 && w.IntN(4) > 0 {
		p := people[w.IntN(len(people))]
		if w.IntN(3) > 0 { // prefer recent people
			p = people[max(0, len(people)-1-w.IntN(50))]
		}
		p.last = w.now
		if w.IntN(10) == 0 {
			p.name = w.name()
			w.kinds["name changed"]++
		}
		if w.IntN(15) == 0 {
			p.username = w.username()
			w.kinds["username changed"]++
		}
		return p
	}
	p := &person{name: w.name(), first: w.now, last: w.now}
	if w.IntN(2) == 0 {
		p.username = w.username()
	}
	make(p)
	w.people[channel] = append(people, p)
	w.kinds[channel+": people"]++
	return p
}

var firstNames = []string{"Ada", "Zoë", "Şerife", "José", "Łukasz", "Mia", "Ngọc", "Олена", "Yuki", "Amara"}

var familyNames = []string{"Okafor", "Lindström", "García", "Müller", "Nowak", "Silva", "Tanaka", "Haddad", "O'Neill", "Kovač"}

// name generates a name. One in ten is empty.
func (w *world) name() string {
	if w.IntN(10) == 0 {
		return ""
	}
	return firstNames[w.IntN(len(firstNames))] + " " + familyNames[w.IntN(len(familyNames))]
}

func (w *world) username() string { return fmt.Sprint("user.", w.IntN(1_000_000)) }

func (w *world) seconds() int64 { return w.at.Unix() }

func (w *world) millis() int64 { return w.at.UnixMilli() }
