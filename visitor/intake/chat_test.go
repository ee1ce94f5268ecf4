package intake_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

func post(t *testing.T, fields map[string]string) []byte {
	t.Helper()
	body, err := json.Marshal(fields)
	require.NoError(t, err)
	return body
}

func TestSignedIdentity(t *testing.T) {
	t.Parallel()
	host := intake.Chat{Secrets: []string{"new", "old"}, Account: "shop", Now: clock}
	user := intake.ChatUser{ID: "42", Name: "Ada Example", Email: "ada@example.com", Phone: "+447700900123", Expires: clock().Add(time.Hour)}
	token, err := host.Sign(user)
	require.NoError(t, err)

	batch, err := intake.Read(host, headers(), post(t, map[string]string{"identity": token, "event_id": "e1"}))
	require.NoError(t, err)
	require.Len(t, batch.Events, 1)
	e := batch.Events[0]
	require.Equal(t, intake.Inbound, e.Kind)
	require.False(t, e.Contact.Unverified)
	require.NotEmpty(t, e.Contact.EventID)
	e.Contact.EventID = ""
	require.Equal(t, visitor.Contact{
		Source: visitor.Chat, Account: "shop", Inbox: "shop", ExternalID: "42",
		Name: "Ada Example", Email: "ada@example.com", Phone: "+447700900123",
	}, e.Contact)

	for name, reader := range map[string]intake.Chat{
		"later":           {Secrets: []string{"new"}, Account: "shop", Now: func() time.Time { return clock().Add(time.Hour) }},
		"without a clock": {Secrets: []string{"new"}, Account: "shop"},
		"another site":    {Secrets: []string{"new"}, Account: "bakery", Now: clock},
		"another secret":  {Secrets: []string{"other"}, Account: "shop", Now: clock},
		"no secret":       {Account: "shop", Now: clock},
	} {
		_, err := intake.Read(reader, headers(), post(t, map[string]string{"identity": token}))
		require.ErrorIs(t, err, intake.ErrSignature, name)
		_, err = reader.Parse(headers(), post(t, map[string]string{"identity": token}))
		require.ErrorIs(t, err, intake.ErrSignature, "Parse trusts no token either: %s", name)
	}
}

// No change of any character of a token is accepted as another user.
func TestIdentityCannotBeChanged(t *testing.T) {
	t.Parallel()
	host := intake.Chat{Secrets: []string{"s"}, Account: "shop"}
	token, err := host.Sign(intake.ChatUser{ID: "42"})
	require.NoError(t, err)
	for i := range token {
		for _, with := range []string{"", "A", "b", ".", "=", "-", "_", "é"} {
			changed := token[:i] + with + token[i+1:]
			batch, err := host.Parse(headers(), post(t, map[string]string{"identity": changed}))
			if err == nil { // the last character of a signature has bits that mean nothing
				require.Equal(t, "42", batch.Events[0].Contact.ExternalID)
				continue
			}
			require.ErrorIs(t, err, intake.ErrSignature)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	_, err := intake.Chat{}.Sign(intake.ChatUser{ID: "42"})
	require.ErrorIs(t, err, intake.ErrSignature)
	host := intake.Chat{Secrets: []string{"s"}}
	for _, id := range []string{"", " 42", "4\x002", strings.Repeat("4", 256), "anon:1", "form:1", "email:1"} {
		_, err := host.Sign(intake.ChatUser{ID: id})
		require.ErrorIs(t, err, intake.ErrInvalid, "%q", id)
	}
}

func TestAnonymousIDs(t *testing.T) {
	t.Parallel()
	a, b := intake.NewAnonymousID(), intake.NewAnonymousID()
	require.NotEqual(t, a, b)
	for _, id := range []string{a, b} {
		_, err := intake.Read(intake.Chat{}, headers(), post(t, map[string]string{"anonymous_id": id}))
		require.NoError(t, err)
	}
	for _, id := range []string{"42", strings.ToUpper(a[:31]) + "F", a + "0", a[:31], a[:31] + " "} {
		_, err := intake.Read(intake.Chat{}, headers(), post(t, map[string]string{"anonymous_id": id}))
		require.ErrorIs(t, err, intake.ErrInvalid, id)
	}
}

// The event id is scoped to the person, so that no person can use that of another one.
func TestChatEventIDs(t *testing.T) {
	t.Parallel()
	id := func(anonymous, event string) string {
		batch, err := intake.Chat{}.Parse(headers(), post(t, map[string]string{"anonymous_id": anonymous, "event_id": event}))
		require.NoError(t, err)
		return batch.Events[0].Contact.EventID
	}
	a, b := intake.NewAnonymousID(), intake.NewAnonymousID()
	require.Equal(t, id(a, "1"), id(a, "1"))
	require.NotEqual(t, id(a, "1"), id(a, "2"))
	require.NotEqual(t, id(a, "1"), id(b, "1"))
	require.Empty(t, id(a, ""))
}
