package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

var consentPromises = []promise{
	{"a topic reads as it was put, until it is deleted", "People agree to what a topic says.", checkTopic},
	{"a record reads as it was put, in pages ordered by key, in its workspace only", "A lost record is a lost opt-out.", checkRecords},
	{"an entry is seen on the visitor with the address, without a new revision", "A denial that a filter does not see is a complaint.", checkConsentOnVisitor},
	{"an entry that was recorded before changes nothing", "Channels deliver an event several times.", checkConsentTwice},
	{"an entry of an event that was recorded before lifts no later denial", "Services post a form again, days later.", checkConsentOfEvent},
	{"an entry about an unknown topic is refused", "A consent for a misspelt topic permits nothing.", checkConsentTopicMissing},
	{"the business cannot lift a denial of the person", "An import that revives opt-outs is the commonest fault of such products.", checkConsentRules},
	{"every visitor with the address, in any spelling, has the consent", "A person who is stored twice has said no twice.", checkConsentSpellings},
	{"what was said about an address that nobody had counts for the visitor who gets it", "Lists of opt-outs are imported before the people are.", checkConsentBefore},
	{"a consent stays with its address when a visitor gets another one", "The new address has not agreed to anything.", checkConsentStaysWithAddress},
	{"consents follow a merge and its undoing", "Merging two records must not change what each address has said.", checkConsentMerge},
	{"a deletion keeps denials and drops grants", "Deleting a person must not make them receive mail again.", checkConsentDelete},
	{"a deletion keeps the consents of an address that another visitor has", "The other record of the person must not lose its consent.", checkConsentDeleteShared},
	{"health is seen on the visitor", "Writing to an address that bounces costs the sender its reputation.", checkHealth},
	{"an event of a consent names each visitor and no address", "Events are kept after the person is deleted.", checkConsentEvents},
	{"a change that fails leaves consents as they were", "Half an import of opt-outs must not count.", checkConsentFails},
	{"filters on consents find what filter.Match matches, also when one has expired", "The number of people who may be written to must be the number of messages sent.", checkConsentFilters},
}

// said returns a normalized entry of the person, at the time of the fixture's clock.
func (m *maker) said(s consent.Subject, topic string, state consent.State) consent.Entry {
	now := m.now()
	e, err := consent.Entry{
		Subject: s, Topic: topic, State: state, Origin: consent.Person, At: now,
		Evidence: consent.Evidence{Kind: consent.ByForm, Ref: "form 7", Wording: "Yes, write to me", IP: "203.0.113.7"},
	}.Normalize(now)
	if err != nil {
		panic(err)
	}
	return e
}

func byMail(v visitor.Visitor) consent.Subject {
	return consent.Subject{Channel: consent.Email, Address: v.Email}
}

// status is what a visitor has of the only entry about an address.
func status(e consent.Entry) consent.Status {
	e.Evidence, e.Actor, e.Cause = consent.Evidence{Kind: e.Evidence.Kind}, "", ""
	return consent.Status{Entry: e, Since: e.At}
}

// record returns the change that records an entry.
func (m *maker) record(e consent.Entry) driver.Change {
	return driver.RecordConsent{Audit: m.audit(), Entry: e}
}

// report returns the change that reports the health of an address, as the application does.
func (m *maker) report(s consent.Subject, state consent.HealthState) driver.Change {
	return driver.ReportHealth{Audit: m.audit(), Report: consent.HealthReport{Subject: s, State: state, Origin: consent.Platform, At: m.now(), Code: "550"}}
}

// withMail returns a visitor with that e-mail address.
func (m *maker) withMail(name, email string) visitor.Visitor {
	v := m.visitor(name)
	v.Email = email
	return v
}

func (f *fixture) records(ws driver.WorkspaceID, q driver.RecordQuery) []driver.Record {
	f.Helper()
	if len(q.Keys) > 0 {
		found, err := f.st.Records(f.Context(), ws, q)
		if err != nil {
			f.Fatalf("records: %v", err)
		}
		return found
	}
	return all(f, "records", q.Limit, func(last *driver.Record) ([]driver.Record, error) {
		if last != nil {
			if last.Key <= q.After {
				f.Fatalf("records: a page does not come after the one before it")
			}
			q.After = last.Key
		}
		return f.st.Records(f.Context(), ws, q)
	})
}

func (f *fixture) topics(ws driver.WorkspaceID) (topics []consent.Topic) {
	f.Helper()
	for _, r := range f.recordsOf(ws, driver.TopicRecords) {
		t, err := driver.TopicOf(r)
		if err != nil {
			f.Fatalf("topics: %v", err)
		}
		topics = append(topics, t)
	}
	return topics
}

// consents fails unless a visitor has these consents.
func (f *fixture) consents(what string, id visitor.ID, want ...consent.Status) {
	f.Helper()
	f.same("consents "+what, f.get(id).Consents, want)
}

// healthState returns the first state of the health of a visitor.
func (f *fixture) healthState(id visitor.ID) consent.HealthState {
	f.Helper()
	health := f.get(id).Health
	if len(health) == 0 {
		f.Fatalf("the visitor has no health")
	}
	return health[0].Report.State
}

func checkTopic(f *fixture) {
	news := consent.Topic{Key: "news", Label: "News", Description: "Once a month", Channels: []consent.Channel{consent.Email}, Default: consent.OptIn, Public: true}
	out := f.given(driver.PutTopic{Audit: f.audit(), Topic: news})
	f.same("outcome", out, []driver.Outcome{{Effect: driver.Created, Topic: &news}})
	f.effects(f.must(driver.PutTopic{Audit: f.audit(), Topic: news}), driver.Unchanged)
	f.same("topics", f.topics(f.ws), []consent.Topic{news})
	news.Default = consent.OptOut
	f.effects(f.must(driver.PutTopic{Audit: f.audit(), Topic: news}), driver.Updated)
	f.same("topics", f.topics(f.ws), []consent.Topic{news})
	f.effects(f.must(driver.DeleteTopic{Audit: f.audit(), Key: "news"}), driver.Deleted)
	f.effects(f.must(driver.DeleteTopic{Audit: f.audit(), Key: "news"}), driver.Missing)
	f.same("topics", f.topics(f.ws), []consent.Topic(nil))
}

func checkRecords(f *fixture) {
	var changes []driver.Change
	var want []string
	for i := range 25 {
		key := fmt.Sprintf("topic-%02d_x", i*7%25)
		want = append(want, key)
		changes = append(changes, driver.PutTopic{Audit: f.audit(), Topic: consent.Topic{Key: key, Default: consent.OptIn}})
	}
	slices.Sort(want)
	f.given(changes...)
	f.must(driver.DeleteTopic{Audit: f.audit(), Key: want[3]})
	keys := func(found []driver.Record) (keys []string) {
		for _, r := range found {
			keys = append(keys, r.Key)
		}
		return keys
	}
	for _, size := range []int{1, 4, 100} {
		f.same("keys", keys(f.records(f.ws, driver.RecordQuery{Kind: driver.TopicRecords, Limit: size})), slices.Delete(slices.Clone(want), 3, 4))
	}
	f.same("keys with a prefix", keys(f.records(f.ws, driver.RecordQuery{Kind: driver.TopicRecords, Prefix: "topic-1", Limit: 3})), want[10:20])
	some := f.records(f.ws, driver.RecordQuery{Kind: driver.TopicRecords, Keys: []string{want[2], want[3], "none"}})
	f.same("keys", keys(some), want[2:3])
	f.same("of another kind", f.records(f.ws, driver.RecordQuery{Kind: driver.AudienceRecords, Keys: want}), []driver.Record(nil))
	f.same("in the neighbour", len(f.recordsOf(f.neighbour, driver.TopicRecords)), 25)
}

func checkConsentOnVisitor(f *fixture) {
	v := f.everything("Ada")
	f.given(create(v), driver.PutTopic{Audit: f.audit(), Topic: consent.Topic{Key: "news", Default: consent.OptIn}})
	before := f.get(v.ID)
	e := f.said(byMail(v), "news", consent.Granted)
	out := f.must(f.record(e))
	f.effects(out, driver.Updated)
	f.same("outcome", *out[0].Consent, status(e))
	before.Consents = []consent.Status{status(e)}
	f.same("visitor", f.get(v.ID), before)
	f.same("found", f.visitors(f.ws), []visitor.Visitor{before})
	other := f.said(consent.Subject{Channel: consent.WhatsApp, Sender: "1055", Address: "5511987654321"}, "", consent.Denied)
	f.must(f.record(other))
	f.consents("of two addresses", v.ID, status(e), status(other))
}

func checkConsentTwice(f *fixture) {
	v := f.withMail("Ada", "ada@example.com")
	e := f.said(byMail(v), "", consent.Denied)
	f.given(create(v), f.record(e))
	last := len(f.events(f.ws, 0))
	out := f.must(driver.RecordConsent{Audit: f.audit(), Entry: e})
	f.effects(out, driver.Unchanged)
	f.same("outcome", *out[0].Consent, status(e))
	f.same("events", len(f.events(f.ws, 0)), last)
}

func checkConsentOfEvent(f *fixture) {
	v := f.withMail("Ada", "ada@example.com")
	f.given(create(v))
	deliver := func(id string, state consent.State) (driver.Change, consent.Entry) {
		e := f.said(byMail(v), "", state)
		return driver.RecordConsent{
			Audit: f.audit(), Entry: e, FromChannel: true,
			Event: driver.DedupKeyOf(visitor.Contact{Source: "email", EventID: id}),
		}, e
	}
	yes, granted := deliver("yes", consent.Granted)
	f.effects(f.must(yes), driver.Updated)
	yes, _ = deliver("yes", consent.Granted)
	out := f.must(yes)
	f.effects(out, driver.Unchanged)
	f.same("outcome", *out[0].Consent, status(granted))
	no, denied := deliver("no", consent.Denied)
	yes, _ = deliver("yes", consent.Granted)
	last := len(f.events(f.ws, 0))
	again, _ := deliver("no", consent.Denied)
	f.effects(f.must(no, yes, again), driver.Updated, driver.Unchanged, driver.Unchanged)
	f.same("events", len(f.events(f.ws, 0)), last+1)
	f.consents("after a grant was delivered again", v.ID, status(denied))
	yes, granted = deliver("another yes", consent.Granted)
	f.effects(f.must(yes), driver.Updated)
	f.consents("after another grant", v.ID, status(granted))
	no, denied = deliver("no", consent.Denied)
	f.effects(f.must(no), driver.Updated)
	f.consents("after a denial that does not stand any more was delivered again", v.ID, status(denied))
}

func checkConsentTopicMissing(f *fixture) {
	v := f.withMail("Ada", "ada@example.com")
	f.given(create(v))
	f.refused(driver.ErrNotFound, "topic", "news", 0, f.record(f.said(byMail(v), "news", consent.Granted)))
	f.consents("after a refusal", v.ID)
}

func checkConsentRules(f *fixture) {
	v := f.withMail("Ada", "ada@example.com")
	denied := f.said(byMail(v), "", consent.Denied)
	f.given(create(v), f.record(denied))
	for _, origin := range []consent.Origin{consent.Operator, consent.Import} {
		grant := f.said(byMail(v), "", consent.Granted)
		grant.Origin, grant.Basis = origin, consent.ByConsent
		f.refused(consent.ErrDenied, "consent", "", 0, f.record(grant))
		f.effects(f.must(driver.RecordConsent{Audit: f.audit(), Entry: grant, FromChannel: true}), driver.Updated)
		f.consents("after a grant by "+string(origin), v.ID, status(denied))
	}
	f.refused(consent.ErrPlatformOwned, "consent", "", 0, driver.RecordConsent{Audit: f.audit(), Entry: func() consent.Entry {
		e := f.said(byMail(v), "", consent.Granted)
		e.Origin = consent.Platform
		return e
	}()})
	again := f.said(byMail(v), "", consent.Granted)
	f.must(f.record(again))
	f.consents("after a grant of the person", v.ID, status(again))
}

func checkHealth(f *fixture) {
	v := f.withMail("Ada", "ada@example.com")
	f.given(create(v))
	report := func(state consent.HealthState, origin consent.Origin) driver.Change {
		return driver.ReportHealth{Audit: f.audit(), Report: consent.HealthReport{
			Subject: byMail(v), State: state, Origin: origin, At: f.now(), Code: "550", Cause: "called by phone",
		}}
	}
	out := f.must(report(consent.Complaint, consent.Platform))
	f.effects(out, driver.Updated)
	f.same("health", f.get(v.ID).Health, []consent.Health{*out[0].Health})
	f.same("state", out[0].Health.Report.State, consent.Complaint)
	f.must(report(consent.Healthy, consent.Platform))
	f.same("state that only an operator ends", f.healthState(v.ID), consent.Complaint)
	f.must(report(consent.Healthy, consent.Operator))
	f.same("state", f.healthState(v.ID), consent.Healthy)
	blocked := report(consent.Blocked, consent.Platform)
	f.refused(consent.ErrPlatformOwned, "health", "", 0, blocked)
}

func checkConsentEvents(f *fixture) {
	a, b := f.withMail("Ada", "ada@example.com"), f.withMail("Ada 2", "ADA@example.com")
	f.given(create(a), create(b), driver.PutTopic{Audit: f.audit(), Topic: consent.Topic{Key: "news", Default: consent.OptIn}})
	last := driver.Seq(len(f.events(f.ws, 0)))
	change := driver.RecordConsent{Audit: f.audit(), Entry: f.said(byMail(a), "news", consent.Granted)}
	nobody := driver.RecordConsent{Audit: f.audit(), Entry: f.said(consent.Subject{Channel: consent.SMS, Address: "+14155550123"}, "", consent.Denied)}
	f.must(change, nobody)
	got := f.events(f.ws, last)
	slices.SortFunc(got, func(x, y driver.Event) int { return strings.Compare(string(y.Visitor), string(x.Visitor)) })
	want := []driver.Event{{Visitor: max(a.ID, b.ID)}, {Visitor: min(a.ID, b.ID)}, {}}
	for n := range want {
		e := &want[n]
		e.Kind, e.At, e.Actor, e.Cause, e.Fields = driver.ConsentRecorded, change.At, "ann", "import", []string{"email/news"}
		if e.Visitor == "" {
			e.At, e.Fields = nobody.At, []string{"sms"}
		}
		got[n].Seq = 0
	}
	f.same("events", got, want)
}

func checkConsentFails(f *fixture) {
	v := f.withMail("Ada", "ada@example.com")
	f.given(create(v))
	_, err := f.apply(f.record(f.said(byMail(v), "", consent.Denied)), driver.UpdateTag{Audit: f.audit(), ID: "01900000-0000-7000-8000-000000000000"})
	if !errors.Is(err, driver.ErrNotFound) {
		f.Errorf("error %v, want ErrNotFound", err)
	}
	f.consents("after a failure", v.ID)
	f.same("records", f.recordsOf(f.ws, driver.AddressRecords), []driver.Record(nil))
}

func checkConsentFilters(f *fixture) {
	var changes []driver.Change
	topics := []consent.Topic{{Key: "news", Default: consent.OptIn}, {Key: "shop", Default: consent.OptOut}}
	for _, t := range topics {
		changes = append(changes, driver.PutTopic{Audit: f.audit(), Topic: t})
	}
	start := f.clock
	for i := range min(f.effort.rows, 120) {
		v := f.visitor(fmt.Sprint("Visitor ", i))
		if i%5 > 0 {
			v.Email = fmt.Sprintf("v%d@example.com", i)
		}
		changes = append(changes, create(v))
		if v.Email == "" {
			continue
		}
		e := f.said(byMail(v), []string{"news", "shop", ""}[i%3], []consent.State{consent.Granted, consent.Denied, consent.Pending}[i%7%3])
		if e.State != consent.Denied {
			e.Expires = e.At.Add(time.Duration(1+i) * time.Hour)
		}
		changes = append(changes, f.record(e))
	}
	f.given(changes...)
	everyone := f.visitors(f.ws)
	for _, after := range []time.Duration{time.Hour, 30 * time.Hour, 10 * time.Hour, 2000 * time.Hour, -time.Hour} {
		env := f.env()
		env.Now = start.Add(after)
		for _, text := range []string{
			"can:email/news", "-can:email/news", "can:email/shop", "can:email", "consent:email/news=denied", "consent:email=granted,pending", "health:email=ok",
			"(can:email/news or can:email/shop) has:email", "-consent:email/shop=denied name:visitor",
		} {
			e, err := filter.Parse(text)
			if err != nil {
				f.Fatalf("parse %q: %v", text, err)
			}
			where := f.bindIn(e, env)
			what := fmt.Sprintf("%s after %s", text, after)
			f.agreeOn(what, where, driver.OldestFirst, everyone)
			f.agreeOn(what, where, driver.NameZA, everyone)
			f.compareCounts(what, where, everyone)
		}
	}
}
