package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

func TestRecordShowsConsents(t *testing.T) {
	b := open(t, 1) // with the topics newsletter and offers
	v := b.create(visitor.Draft{Name: "Ada Byron", Email: "ada@byron.example", Phone: "+44 7700 900123", Source: visitor.Chat})
	mail := consent.Subject{Channel: consent.Email, Address: "ada@byron.example"}
	_, err := b.server.ws.RecordConsent(t.Context(), consent.Entry{Subject: mail, Topic: "newsletter", State: consent.Granted, Origin: consent.Person})
	require.NoError(t, err)
	b.visit("")
	b.withAxe()
	b.click("td.name button | Ada Byron")
	b.until(find(".consents .channel"))
	line := func(topic string) string {
		t.Helper()
		return b.text(`[data-channel="email"] [data-topic="` + topic + `"]`)
	}
	require.Equal(t, "×Any marketing – has not agreed", line(""))
	require.Contains(t, line("newsletter"), "✓Newsletter – agreed to messages since ")
	require.Equal(t, "✓Offers – did not object, which is enough for this topic", line("offers"))
	require.Equal(t, []string{"×Any marketing – has not agreed", "✓Offers – did not object, which is enough for this topic"},
		b.texts(`[data-channel="sms"] li`), "the newsletter is not sent by SMS")

	b.click(`[data-channel="email"] header button`)
	require.Equal(t, "E-mail: not wanted", b.text("dialog:last-of-type h2"))
	b.click("dialog:last-of-type button | Record")
	require.Equal(t, "Say how you know.", b.text(".field[data-field=cause] .field-error"))
	b.picture("consents-denial")
	b.audited("denial by hand")
	b.choose(`.field[data-field="topic"] select`, "News")
	b.write(`.field[data-field="cause"] input`, "asked on the phone")
	b.click("dialog:last-of-type button | Record")
	b.until(find(`[data-channel="email"] [data-topic="newsletter"].no`))
	require.Contains(t, line("newsletter"), "×Newsletter – does not want messages about this topic since ")
	require.Contains(t, line("newsletter"), "(asked on the phone)")
	d, err := b.server.ws.CanContact(t.Context(), v.ID, consent.Request{Channel: consent.Email, Topic: "newsletter"})
	require.NoError(t, err)
	require.Equal(t, consent.ReasonDeniedTopic, d.Reason)
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		b.audited("consents, " + scheme)
		b.picture("consents-" + scheme)
	}
}
