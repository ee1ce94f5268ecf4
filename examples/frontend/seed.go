package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// generate fills a workspace with tags, groups and n visitors, the same for the same seed.
func generate(ctx context.Context, ws *store.Workspace, n int, seed uint64, now time.Time) error {
	for _, t := range sampleTags {
		if _, err := ws.CreateTag(ctx, t.Draft); err != nil {
			return err
		}
	}
	m := generator{random: rand.New(rand.NewPCG(seed, 0)), now: now}
	for _, d := range []group.Draft{
		{Name: "Newsletter", Description: "get a letter each month"},
		{Name: "Spring campaign", Description: "asked about the spring offer"},
		{Name: "Wholesale partners", Description: "shops that resell"},
		{Name: "Warm on Instagram", Description: "hot leads from Instagram, by rule",
			Rule: filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("hot-lead"))},
	} {
		g, err := ws.CreateGroup(ctx, d)
		if err != nil {
			return err
		}
		if d.Rule == nil {
			m.groups = append(m.groups, g.ID)
		}
	}
	var refused error
	_, err := ws.Load(ctx, m.drafts(n), &store.LoadOptions{Refused: func(i int, err error) {
		if refused == nil {
			refused = fmt.Errorf("visitor %d: %w", i, err)
		}
	}})
	if err != nil || refused != nil {
		return errors.Join(err, refused)
	}
	for _, t := range []consent.Topic{
		{Key: "newsletter", Label: "Newsletter", Description: "Once a month: what is new", Channels: []consent.Channel{consent.Email}, Public: true},
		{Key: "offers", Label: "Offers", Description: "When something is cheaper", Default: consent.OptOut, Public: true},
	} {
		if _, err := ws.PutTopic(ctx, t); err != nil {
			return err
		}
	}
	_, err = ws.RecordConsent(ctx, m.consents()...)
	return err
}

// consents generates what some of the visitors with an e-mail address said.
func (m *generator) consents() (all []consent.Entry) {
	for i, address := range m.emails {
		e := consent.Entry{
			Subject: consent.Subject{Channel: consent.Email, Address: address}, Topic: "newsletter", State: consent.Granted, Origin: consent.Person,
			At: m.now.Add(-time.Duration(1+i%300) * 24 * time.Hour), Evidence: consent.Evidence{Kind: consent.ByForm, Ref: "sign-up"},
		}
		if i%5 == 0 {
			e.Topic, e.State, e.Evidence = "offers", consent.Denied, consent.Evidence{Kind: consent.ByOneClick}
		}
		all = append(all, e)
	}
	return all
}

// generator generates visitors.
type generator struct {
	random *rand.Rand
	now    time.Time
	groups []group.ID
	emails []string // of the first visitors, at most 500
}

func (m *generator) drafts(n int) iter.Seq2[visitor.Draft, error] {
	return func(yield func(visitor.Draft, error) bool) {
		for i := range n {
			if !yield(m.draft(i, n), nil) {
				return
			}
		}
	}
}

const year = 365 * 24 * time.Hour

// draft generates the i-th of n visitors, created over the last year and a half, increasingly
// often.
func (m *generator) draft(i, n int) visitor.Draft {
	first, last := pick(m, firstNames), pick(m, lastNames)
	age := math.Pow(1-(float64(i)+m.random.Float64())/float64(n), 1.6)
	d := visitor.Draft{
		Name:      first + " " + last,
		Source:    m.source(),
		CreatedAt: m.now.Add(-time.Duration(age * 1.5 * float64(year))),
	}
	if m.chance(0.08) {
		d.Name = first // first name only
	}
	user := m.userName(first, last)
	if m.chance(0.72) {
		d.Email = user + "@" + pick(m, []string{"example.com", "example.org", "example.net", "mail.example"})
		if len(m.emails) < 500 && i%2 == 0 {
			m.emails = append(m.emails, d.Email)
		}
	}
	if d.Source == visitor.WhatsApp || m.chance(0.45) {
		d.Phone = m.phone()
	}
	for _, t := range sampleTags {
		if m.chance(t.share) {
			d.Tags = append(d.Tags, t.Name)
		}
	}
	for _, g := range m.groups {
		if m.chance(0.12) {
			d.Groups = append(d.Groups, g)
		}
	}
	if !m.chance(0.06) { // the others were entered by hand
		seen := math.Pow(m.random.Float64(), 1.8)
		d.Identities = []visitor.Identity{{
			Source: d.Source, Account: "acme", ExternalID: strconv.Itoa(100_000_000 + i), Username: user,
			Inboxes: []string{fmt.Sprintf("%s-%d", d.Source, 1+i%2)}, FirstSeen: d.CreatedAt, LastSeen: m.now.Add(-time.Duration(seen * float64(m.now.Sub(d.CreatedAt)))),
		}}
	}
	return d
}

// userName generates a user name of ASCII letters.
func (m *generator) userName(first, last string) string {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r < 'a' || r > 'z' {
				return -1
			}
			return r
		}, text.Fold(s))
	}
	first, last = plain(first), plain(last)
	switch m.random.IntN(3) {
	case 0:
		return first + "." + last
	case 1:
		return first[:1] + "." + last
	}
	return first + strconv.Itoa(10+m.random.IntN(90))
}

func (m *generator) chance(p float64) bool { return m.random.Float64() < p }

func (m *generator) source() visitor.Source {
	at := m.random.IntN(100)
	for _, s := range []struct {
		source visitor.Source
		share  int
	}{{visitor.Instagram, 34}, {visitor.WhatsApp, 28}, {visitor.Chat, 18}, {visitor.Messenger, 12}} {
		if at -= s.share; at < 0 {
			return s.source
		}
	}
	return visitor.Telegram
}

// phone generates a number from a range reserved for fiction.
func (m *generator) phone() string {
	switch m.random.IntN(3) {
	case 0:
		return fmt.Sprintf("+44 7700 900%03d", m.random.IntN(1_000)) // Ofcom
	case 1:
		return fmt.Sprintf("+1 %s 555 01%02d", pick(m, []string{"212", "310", "415", "503", "617", "718"}), m.random.IntN(100)) // NANPA
	}
	return fmt.Sprintf("+61 491 57%d %03d", m.random.IntN(10), m.random.IntN(1_000)) // ACMA
}

func pick(m *generator, from []string) string { return from[m.random.IntN(len(from))] }

// sampleTags are the tags, each with the share of visitors that have it.
var sampleTags = []struct {
	tag.Draft
	share float64
}{
	{tag.Draft{Name: "customer", Color: "#16a34a", Description: "has bought something"}, 0.27},
	{tag.Draft{Name: "demo-requested", Color: "#7c3aed", Description: "wants to be shown around"}, 0.07},
	{tag.Draft{Name: "follow-up", Color: "#d97706", Description: "waits for an answer of ours"}, 0.12},
	{tag.Draft{Name: "hot-lead", Color: "#dc2626", Description: "is about to buy"}, 0.11},
	{tag.Draft{Name: "interested-in-pro", Color: "#2563eb", Description: "asked about the Pro plan"}, 0.14},
	{tag.Draft{Name: "newsletter", Color: "#0891b2", Description: "said yes to the newsletter"}, 0.31},
	{tag.Draft{Name: "refund-asked", Color: "#57534e", Description: "wants money back"}, 0.03},
	{tag.Draft{Name: "returning", Color: "#0d9488", Description: "came back after a while"}, 0.16},
	{tag.Draft{Name: "vip", Color: "#c026d3", Description: "handle with care"}, 0.04},
	{tag.Draft{Name: "wholesale", Color: "#4f46e5", Description: "buys to resell"}, 0.05},
}

var firstNames = strings.Fields(`Ada Aiko Aisha Alejandro Amara Amélie André Anna Antonio Astrid Ayşe Beatriz Ben Björn Camila Carlos
Chiara Chloé Daniel Diego Dmitri Ebba Elena Elif Emeka Emily Emma Esther Fatima Felix Finn Francesca Freya George Giulia Grace Hana
Hannah Hassan Helena Hugo Ines Ingrid Isabel Ivan Jakub James Jana João José Julia Kaja Karim Kenji Lars Laura Leila Léa Liam Linh
Lucía Lukas Magnus Malik Maria Marta Mateusz Maya Mei Mia Miguel Mila Mohamed Nadia Naomi Nia Niamh Noah Nora Olga Olivia Omar Oscar
Paula Pedro Petra Priya Rafael Rania Rosa Ruth Samir Sara Seán Selin Sofia Søren Tariq Thandiwe Théo Thomas Tomás Valentina Viktor
Wei Yara Yuki Zofia Zoë`)

var lastNames = strings.Fields(`Adeyemi Ahmed Almeida Andersson Bauer Becker Bennett Bianchi Brown Carvalho Chen Clarke Cohen Costa
Dąbrowski Davies Demir Díaz Dubois Eriksen Evans Fernández Ferrari Fischer Fontaine García Gómez Green Gruber Haddad Hansen Hernández
Hoffmann Horvat Hughes Ibrahim Ito Ivanova Jensen Johansson Kamau Kaya Keller Khan Kim Kowalska Laurent Le Lewis Li Lindqvist López
Mancini Martin Mbeki Meyer Moreau Morgan Müller Murphy Nakamura Ndiaye Nguyen Nielsen Novák Nowak O'Brien Okafor Oliveira Olsen
Öztürk Papadopoulos Park Patel Pereira Petrov Popescu Quinn Ramírez Reyes Ricci Rossi Sánchez Santos Şahin Schmidt Schneider Sharma
Silva Singh Smith Sørensen Stein Suzuki Svensson Taylor Torres Tran Vargas Virtanen Wagner Walker Wang Weber Wilson Wójcik Yamamoto
Yılmaz Zhang Zimmermann`)
