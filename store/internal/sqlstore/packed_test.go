package sqlstore

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

const (
	packedTag   = "019ccc3e-e580-7000-a353-0c985f91fdf2"
	packedGroup = "019ccc3e-e580-7000-8a5a-26d4b05141cb"

	packedVisitor = "018bcfe5-6800-7000-8000-000000000001" // a second before the example's times
)

// packedExample has something in every field.
func packedExample() visitor.Visitor {
	at := driver.FromMicros(1_700_000_001_000_000)
	return visitor.Visitor{
		ID: packedVisitor,
		Tags: []tag.Assignment{
			{Tag: packedTag, At: at, Actor: "ann", Cause: "import"},
			{Tag: packedGroup, At: at, Actor: "ann", Cause: "import"},
		},
		Memberships: []visitor.Membership{{Group: packedGroup, At: at, Actor: "ann"}},
		Excluded:    []visitor.GroupID{packedTag},
		Identities: []visitor.Identity{{
			Source: visitor.Chat, Account: "site", ExternalID: "42", Username: "ada", UsernameAt: at.Add(time.Second), FirstSeen: at,
			LastSeen: at.Add(time.Minute), Inboxes: []string{"a", "b"}, InboxTimes: []time.Time{at, {}},
		}},
		Attributes: visitor.Attributes{
			"bool": visitor.Bool(true), "list": visitor.List("a", ""), "number": visitor.Number(-0.5), "text": visitor.Text("é"),
			"time": visitor.Time(at),
		},
		Consents: []consent.Status{{
			Entry: consent.Entry{
				Subject: consent.Subject{Channel: consent.Email, Sender: "a.b", Address: "c@d.e"}, Topic: "news", State: consent.Granted,
				Origin: consent.Person, Basis: consent.ByConsent, Evidence: consent.Evidence{Kind: consent.ByForm}, At: at, Expires: at.Add(time.Minute),
			},
			Since: at,
			Lapse: consent.Entry{
				Subject: consent.Subject{Channel: consent.Email, Address: "c@d.e"}, State: consent.Denied, Origin: consent.Person, At: at.Add(-time.Second),
			},
		}},
		Health: []consent.Health{{
			Report: consent.HealthReport{
				Subject: consent.Subject{Channel: consent.SMS, Address: "+1"}, State: consent.Blocked, Origin: consent.Platform, At: at, Code: "kicked",
			},
			Since: at, SoftBounces: 2,
		}},
	}
}

// TestPackedBytes compares packed columns with bytes that must not change, since databases have
// them.
func TestPackedBytes(t *testing.T) {
	t.Parallel()
	v := packedExample()
	numbers := map[string]int64{packedTag: 1, packedGroup: 300}
	for name, c := range map[string]struct {
		packed []byte
		want   string
	}{
		"no tags":        {packTags(&visitor.Visitor{}, numbers), ""},
		"no groups":      {packGroups(&visitor.Visitor{}, numbers), ""},
		"no identities":  {packIdentities(&visitor.Visitor{}), ""},
		"no attributes":  {packAttributes(nil), ""},
		"no consents":    {packConsents(&visitor.Visitor{}), ""},
		"consents":       {packConsents(&v), "0101" + "05656d61696c03612e62056340642e65" + "046e657773076772616e74656406706572736f6e07636f6e73656e7404666f726d" + "81897a819c9c39809c9c39" + "01" + "05656d61696c00056340642e65" + "000664656e69656406706572736f6e0000" + "80897a00" + "01" + "03736d7300022b31" + "07626c6f636b656408706c6174666f726d" + "81897a066b69636b65640102"},
		"only health":    {packConsents(&visitor.Visitor{ID: v.ID, Health: v.Health}), "0100" + "01" + "03736d7300022b31" + "07626c6f636b656408706c6174666f726d" + "81897a066b69636b65640102"},
		"tags by number": {packTags(&v, numbers), "0102" + "0101" + "81897a" + "03616e6e" + "06696d706f7274" + "ac0200"},
		"a tag by id":    {packTags(&visitor.Visitor{ID: v.ID, Tags: v.Tags[:1]}, nil), "0101" + "00019ccc3ee5807000a3530c985f91fdf2" + "01" + "81897a" + "03616e6e" + "06696d706f7274"},
		"groups":         {packGroups(&v, numbers), "8101" + "ac02" + "01" + "81897a" + "03616e6e" + "00" + "01" + "01"},
		"an exclusion":   {packGroups(&visitor.Visitor{Excluded: v.Excluded}, numbers), "01000101"},
		"identities":     {packIdentities(&v), "8101" + "0463686174" + "0473697465" + "023432" + "03616461" + "81897a" + "819c9c39" + "8093a238" + "02" + "0161" + "0162" + "02" + "80897a" + "00"},
		"no inbox":       {packIdentities(&visitor.Visitor{Identities: []visitor.Identity{{Source: "x", ExternalID: "1"}}}), "0101" + "0178" + "00" + "0131" + "00" + "000000" + "00" + "00"},
		"attributes":     {packAttributes(v.Attributes), "0105" + "04626f6f6c0301" + "046c6973740502016100" + "066e756d62657202000000000000e0bf" + "04746578740102c3a9" + "0474696d65048089ec8283898506"},
	} {
		require.Equal(t, c.want, hex.EncodeToString(c.packed), name)
	}
}

// idsByNumber is the inverse of numbers.
func idsByNumber(numbers map[string]int64) func(int64) string {
	ids := map[int64]string{}
	for id, n := range numbers {
		ids[n] = id
	}
	return func(n int64) string { return ids[n] }
}

func unpackAll(p packed, ids func(int64) string) (visitor.Visitor, error) {
	r := record{packed: p, Visitor: visitor.Visitor{ID: packedVisitor}}
	err := r.unpack(ids, driver.AllParts)
	return r.Sorted(), err
}

// TestPackedIsReadBack packs random visitors, with numbers and with ids.
func TestPackedIsReadBack(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	numbers := map[string]int64{}
	var ids []string
	last := int64(0)
	for n := range 40 {
		id := string(tag.NewID(driver.FromMicros(int64(1 + n))))
		ids = append(ids, id)
		last += 1 + r.Int64N(1_000)
		numbers[id] = last
	}
	for range 2_000 {
		v := randomLists(r, ids)
		for _, by := range []map[string]int64{nil, numbers} {
			w := visitorWrite{numbers: by}
			got, err := unpackAll(w.pack(&v, driver.AllParts), idsByNumber(numbers))
			require.NoError(t, err)
			require.Equal(t, v, got)
		}
	}
}

func randomLists(r *rand.Rand, ids []string) (v visitor.Visitor) {
	v.ID = packedVisitor
	texts := []string{"", "a", "ann", "Ünïcode 健二", string(bytes.Repeat([]byte("long "), 60))}
	text := func() string { return texts[r.IntN(len(texts))] }
	at := func() time.Time {
		return driver.FromMicros([]int64{0, 1, -1, 1_700_000_000_000_000 + r.Int64N(1e12), -62135596800000000 + 1, 253402300799999999}[r.IntN(6)])
	}
	for _, n := range r.Perm(len(ids))[:r.IntN(6)] {
		v.Tags = append(v.Tags, tag.Assignment{Tag: tag.ID(ids[n]), At: at(), Actor: text(), Cause: text()})
	}
	for i, n := range r.Perm(len(ids))[:r.IntN(5)] {
		if i%2 == 0 {
			v.Memberships = append(v.Memberships, visitor.Membership{Group: visitor.GroupID(ids[n]), At: at(), Actor: text(), Cause: text()})
		} else {
			v.Excluded = append(v.Excluded, visitor.GroupID(ids[n]))
		}
	}
	for range r.IntN(4) {
		i := visitor.Identity{Source: "chat", Account: text(), ExternalID: text(), Username: text(), UsernameAt: at(), FirstSeen: at(), LastSeen: at()}
		for range r.IntN(3) {
			i.Inboxes, i.InboxTimes = append(i.Inboxes, text()), append(i.InboxTimes, at())
		}
		v.Identities = append(v.Identities, i)
	}
	values := []visitor.Value{
		visitor.Text(text()), visitor.Number(r.NormFloat64()), visitor.Bool(r.IntN(2) == 0), visitor.Time(at()), visitor.List("x", text()),
	}
	for range r.IntN(4) {
		if v.Attributes == nil {
			v.Attributes = visitor.Attributes{}
		}
		v.Attributes[text()] = values[r.IntN(len(values))]
	}
	subject := func() consent.Subject {
		return consent.Subject{Channel: consent.Email, Sender: text(), Address: text()}
	}
	entry := func() consent.Entry {
		return consent.Entry{
			Subject: subject(), Topic: text(), State: consent.Denied, Origin: consent.Import, Basis: consent.Basis(text()),
			Evidence: consent.Evidence{Kind: consent.EvidenceKind(text())}, At: at(), Expires: []time.Time{{}, at()}[r.IntN(2)],
		}
	}
	for range r.IntN(4) {
		s := consent.Status{Entry: entry(), Since: at()}
		if r.IntN(2) == 0 {
			s.Lapse = entry()
		}
		v.Consents = append(v.Consents, s)
	}
	for range r.IntN(3) {
		report := consent.HealthReport{Subject: subject(), State: consent.Complaint, Origin: consent.Platform, At: at(), Code: text()}
		v.Health = append(v.Health, consent.Health{Report: report, Since: at(), SoftBounces: r.IntN(3)})
	}
	return v.Sorted()
}

// TestPackedMarks compares the first byte of a column, by which filters test it.
func TestPackedMarks(t *testing.T) {
	t.Parallel()
	marked := func(column []byte) bool { return bytes.Compare(column, []byte{packedMark}) >= 0 }
	v := packedExample()
	require.True(t, marked(packGroups(&v, nil)))
	require.True(t, marked(packIdentities(&v)))
	v.Memberships, v.Identities[0].Inboxes, v.Identities[0].InboxTimes = nil, nil, nil
	require.False(t, marked(packGroups(&v, nil)), "only an exclusion")
	require.False(t, marked(packIdentities(&v)))
	require.False(t, marked([]byte{}))
}

// TestPackedIsRefused reads columns that no packer wrote.
func TestPackedIsRefused(t *testing.T) {
	t.Parallel()
	none := func(int64) string { return "" }
	for name, c := range map[string]struct{ column, problem string }{
		"another version":    {"02", "read tags of a visitor: packed by a newer release: version 2"},
		"nothing after it":   {"01", "read tags of a visitor: malformed"},
		"too many":           {"01ffffffff0f", "read tags of a visitor: malformed"},
		"a number too large": {"01ffffffffffffffffffff01", "read tags of a visitor: malformed"},
		"an unknown tag":     {"01010700", "read tags of a visitor: malformed"},
		"half of an id":      {"010100019ccc3e", "read tags of a visitor: malformed"},
		"a text that ends":   {"0101000000000000000000000000000000000101" + "02" + "09616e6e", "read tags of a visitor: malformed"},
		"more than that":     {"010000", "read tags of a visitor: malformed"},
	} {
		column, err := hex.DecodeString(c.column)
		require.NoError(t, err)
		_, err = unpackTags(column, "", none)
		require.EqualError(t, err, c.problem, name)
	}
}

// FuzzUnpack reads any bytes: the result is an error, or packs to a column that is read as equal.
func FuzzUnpack(f *testing.F) {
	v := packedExample()
	numbers := map[string]int64{packedTag: 1, packedGroup: 300}
	for _, by := range []map[string]int64{nil, numbers} {
		p := (&visitorWrite{numbers: by}).pack(&v, driver.AllParts)
		f.Add(p.tags, p.groups, p.identities, p.attributes, p.consents)
	}
	f.Fuzz(func(t *testing.T, tags, groups, identities, attributes, consents []byte) {
		for _, p := range []packed{{tags: tags}, {groups: groups}, {identities: identities}, {attributes: attributes}, {consents: consents}} {
			read, err := unpackAll(p, idsByNumber(numbers))
			if err != nil {
				continue
			}
			again, err := unpackAll((&visitorWrite{numbers: numbers}).pack(&read, driver.AllParts), idsByNumber(numbers))
			require.NoError(t, err)
			require.True(t, slices.EqualFunc(read.Identities, again.Identities, visitor.Identity.Equal))
			require.Equal(t, len(read.Tags), len(again.Tags))
			require.Equal(t, read.Memberships, again.Memberships)
			require.Equal(t, read.Excluded, again.Excluded)
			require.Equal(t, len(read.Attributes), len(again.Attributes))
			require.Equal(t, read.Consents, again.Consents)
			require.Equal(t, read.Health, again.Health)
		}
	})
}
