package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, selfCheck(t.Context(), &out))
	require.Contains(t, out.String(), "6 channels, 6 visitors with a message each; the message of a deleted visitor is kept: all is well\n")
	require.Equal(t, 6, strings.Count(out.String(), "outcome=created"))
	require.Equal(t, 6, strings.Count(out.String(), "outcome=duplicate"))
	require.Equal(t, 6, strings.Count(out.String(), "status=403"))
	require.NotContains(t, out.String(), "Ada")
	require.NotContains(t, out.String(), "12025550123")
}

func TestChannelsFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		names string
		env   map[string]string
		want  []string
		err   string
	}{
		"nothing set":     {"", nil, nil, "no channel is set up"},
		"by what is set":  {"", map[string]string{"TELEGRAM_SECRET_TOKEN": "t", "CHAT_SECRET": "c"}, []string{"telegram", "chat"}, ""},
		"by name":         {"telegram", map[string]string{"TELEGRAM_SECRET_TOKEN": "t", "CHAT_SECRET": "c"}, []string{"telegram"}, ""},
		"half set":        {"", map[string]string{"WHATSAPP_APP_SECRET": "s"}, nil, "the environment variable WHATSAPP_VERIFY_TOKEN is not set; whatsapp needs WHATSAPP_APP_SECRET and WHATSAPP_VERIFY_TOKEN"},
		"optional alone":  {"", map[string]string{"MESSENGER_PAGE_TOKEN": "s"}, nil, "the environment variable MESSENGER_APP_SECRET is not set"},
		"asked, not set":  {"form, chat", map[string]string{"FORM_ORIGINS": "https://shop.example"}, nil, "the environment variable CHAT_SECRET is not set; chat needs CHAT_SECRET"},
		"no such channel": {"fax", nil, nil, `-channels: "fax" is none of whatsapp, messenger, instagram, telegram, chat, form`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, err := channelsFor(c.names, func(name string) string { return c.env[name] })
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			var got []string
			for _, c := range all {
				got = append(got, c.name)
			}
			require.Equal(t, c.want, got)
		})
	}
}

// A conversation has every message once, and outlives its visitor.
func TestConversation(t *testing.T) {
	t.Parallel()
	all, err := channelsFor("telegram", sampleEnv)
	require.NoError(t, err)
	s, err := start(t.Context(), "127.0.0.1:0", filepath.Join(t.TempDir(), "visitors.db"), all, io.Discard)
	require.NoError(t, err)
	for range 2 {
		for _, id := range []string{"1", "2"} {
			body := strings.ReplaceAll(samples["telegram"], `"update_id":1,`, `"update_id":`+id+`,`)
			r := httptest.NewRequest(http.MethodPost, "/webhooks/telegram", strings.NewReader(body))
			r.Header.Set("X-Telegram-Bot-Api-Secret-Token", sampleSecret)
			w := httptest.NewRecorder()
			s.http.Handler.ServeHTTP(w, r)
			require.Equal(t, http.StatusOK, w.Code)
		}
	}
	v, err := s.ws.Lookup(t.Context(), visitor.Telegram, "", "9")
	require.NoError(t, err)
	_, err = s.ws.Delete(t.Context(), v.ID)
	require.NoError(t, err)
	messages, err := conversation(t.Context(), s.db, v.ID)
	require.NoError(t, err)
	require.Len(t, messages, 2)
	require.NoError(t, s.stop())
}

// The README lists every variable.
func TestReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, s := range settings {
		for _, name := range append(s.needed, s.optional...) {
			require.Contains(t, string(readme), "`"+name+"`")
		}
	}
}

// A name that the webhook does not send is fetched, with the token in a header.
func TestProfiles(t *testing.T) {
	t.Parallel()
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer page token" || strings.Contains(r.URL.String(), "token"):
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/7":
			_, _ = io.WriteString(w, `{"id":"7","first_name":"Ada","last_name":"Example"}`)
		case r.URL.Path == "/8":
			_, _ = io.WriteString(w, `{"id":"8","name":"Bob Example","username":"bob.example"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(platform.Close)
	require.Nil(t, messengerProfile(platform.URL+"/", ""))
	require.Nil(t, instagramProfile(platform.URL+"/", ""))

	all, err := channelsFor("messenger,instagram", sampleEnv)
	require.NoError(t, err)
	all[0].profile = messengerProfile(platform.URL+"/", "page token")
	all[1].profile = instagramProfile(platform.URL+"/", "page token")
	var out bytes.Buffer
	s, err := start(t.Context(), "127.0.0.1:0", filepath.Join(t.TempDir(), "visitors.db"), all, &out)
	require.NoError(t, err)
	for _, c := range all {
		status, err := send(t.Context(), "http://"+s.addr()+c.path(), c.name, sampleSecret, "")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
	}
	require.Eventually(t, func() bool { return len(names(t, s.ws)) == 2 }, 10*time.Second, 5*time.Millisecond)
	require.ElementsMatch(t, []string{"Ada Example", "Bob Example"}, names(t, s.ws))

	_, err = all[0].profile(t.Context(), visitor.Contact{ExternalID: "9"})
	require.EqualError(t, err, "request the Graph API: answered 404")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = all[0].profile(canceled, visitor.Contact{ExternalID: "7"})
	require.EqualError(t, err, "request the Graph API: context canceled")
	require.NoError(t, s.stop())
	require.NotContains(t, out.String(), "Example")
}

// A lead is fetched with the page's token, also one that an earlier run could not fetch.
func TestLeads(t *testing.T) {
	t.Parallel()
	var ready atomic.Bool
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !ready.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/444" && r.Header.Get("Authorization") == "Bearer page token":
			_, _ = io.WriteString(w, `{"id":"444","created_time":"2025-10-09T08:53:20+0000","form_id":"5","field_data":[
				{"name":"full_name","values":["Ada Example"]},{"name":"email","values":["ada@example.com"]},{"name":"city","values":["London"]}]}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(platform.Close)
	require.Nil(t, messengerLead(platform.URL+"/", ""))
	all, err := channelsFor("messenger", sampleEnv)
	require.NoError(t, err)
	all[0].lead = messengerLead(platform.URL+"/", "page token")
	db := filepath.Join(t.TempDir(), "visitors.db")
	s, err := start(t.Context(), "127.0.0.1:0", db, all, io.Discard)
	require.NoError(t, err)
	const event = `{"object":"page","entry":[{"id":"31","changes":[{"field":"leadgen","value":{"leadgen_id":"444","page_id":"31","form_id":"5","created_time":1760000000}}]}]}`
	status, err := sendBody(t.Context(), "http://"+s.addr()+all[0].path(), "messenger", sampleSecret, "", event)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, s.stop())

	ready.Store(true)
	s, err = start(t.Context(), "127.0.0.1:0", db, all, io.Discard)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(names(t, s.ws)) == 1 }, 10*time.Second, 5*time.Millisecond)
	v, err := s.ws.Lookup(t.Context(), visitor.Messenger, "31", "lead:444")
	require.NoError(t, err)
	require.NoError(t, s.stop())
	require.Equal(t, "Ada Example", v.Name)
	require.Equal(t, "ada@example.com", v.Email)
	require.Equal(t, "London", v.Attributes["city"].Text())
	require.Equal(t, "5", v.Attributes["lead_form"].Text())
}

// names returns the names that are not placeholders.
func names(t *testing.T, ws *store.Workspace) (all []string) {
	t.Helper()
	for v, err := range ws.All(t.Context(), store.Query{Where: filter.All()}) {
		require.NoError(t, err)
		if !v.Placeholder() {
			all = append(all, v.Name)
		}
	}
	return all
}
