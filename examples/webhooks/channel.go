package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// channel is a channel that the server serves.
type channel struct {
	name    string
	intake  intake.Channel
	profile store.ProfileFetcher // nil: names are not fetched
	lead    store.ProfileFetcher // nil: leads are not fetched
}

func (c channel) path() string { return "/webhooks/" + c.name }

// setting configures a channel from environment variables.
type setting struct {
	name     string
	needed   []string
	optional []string
	make     func(env func(string) string) channel
}

// settings lists all channels. A secret can be several, separated by commas, while one replaces
// another.
var settings = []setting{
	{"whatsapp", []string{"WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN"}, nil, func(env func(string) string) channel {
		return channel{intake: intake.WhatsApp{Secrets: list(env("WHATSAPP_APP_SECRET")), VerifyToken: env("WHATSAPP_VERIFY_TOKEN")}}
	}},
	{"messenger", []string{"MESSENGER_APP_SECRET", "MESSENGER_VERIFY_TOKEN"}, []string{"MESSENGER_PAGE_TOKEN"}, func(env func(string) string) channel {
		return channel{
			intake:  intake.Messenger{Secrets: list(env("MESSENGER_APP_SECRET")), VerifyToken: env("MESSENGER_VERIFY_TOKEN")},
			profile: messengerProfile(facebook, env("MESSENGER_PAGE_TOKEN")),
			lead:    messengerLead(facebook, env("MESSENGER_PAGE_TOKEN")),
		}
	}},
	{"instagram", []string{"INSTAGRAM_APP_SECRET", "INSTAGRAM_VERIFY_TOKEN"}, []string{"INSTAGRAM_TOKEN"}, func(env func(string) string) channel {
		return channel{
			intake:  intake.Instagram{Secrets: list(env("INSTAGRAM_APP_SECRET")), VerifyToken: env("INSTAGRAM_VERIFY_TOKEN")},
			profile: instagramProfile(instagram, env("INSTAGRAM_TOKEN")),
		}
	}},
	{"telegram", []string{"TELEGRAM_SECRET_TOKEN"}, []string{"TELEGRAM_BOT"}, func(env func(string) string) channel {
		return channel{intake: intake.Telegram{Secrets: list(env("TELEGRAM_SECRET_TOKEN")), Bot: env("TELEGRAM_BOT")}}
	}},
	{"chat", []string{"CHAT_SECRET"}, []string{"CHAT_ACCOUNT", "CHAT_ORIGINS"}, func(env func(string) string) channel {
		return channel{intake: intake.Chat{
			Secrets: list(env("CHAT_SECRET")), Account: env("CHAT_ACCOUNT"), Origins: list(env("CHAT_ORIGINS")), Now: time.Now,
		}}
	}},
	{"form", []string{"FORM_ORIGINS"}, []string{"FORM_ACCOUNT"}, func(env func(string) string) channel {
		return channel{intake: intake.Form{Account: env("FORM_ACCOUNT"), Origins: list(env("FORM_ORIGINS")), Honeypot: "website"}}
	}},
}

func channelNames() (names []string) {
	for _, s := range settings {
		names = append(names, s.name)
	}
	return names
}

// channelsFor returns the channels with the given names, separated by commas, or without names
// those with a variable set.
func channelsFor(names string, env func(string) string) ([]channel, error) {
	asked := list(names)
	for _, name := range asked {
		if !slices.Contains(channelNames(), name) {
			return nil, fmt.Errorf("-channels: %q is none of %s", name, strings.Join(channelNames(), ", "))
		}
	}
	var all []channel
	for _, s := range settings {
		set := func(name string) bool { return env(name) != "" }
		if len(asked) > 0 && !slices.Contains(asked, s.name) || len(asked) == 0 && !slices.ContainsFunc(slices.Concat(s.needed, s.optional), set) {
			continue
		}
		for _, name := range s.needed {
			if !set(name) {
				return nil, fmt.Errorf("the environment variable %s is not set; %s needs %s (see README.md)", name, s.name, strings.Join(s.needed, " and "))
			}
		}
		c := s.make(env)
		c.name = s.name
		all = append(all, c)
	}
	if len(all) == 0 {
		var needed []string
		for _, s := range settings {
			needed = append(needed, fmt.Sprintf("  %-10s %s", s.name, strings.Join(s.needed, ", ")))
		}
		return nil, fmt.Errorf("no channel is set up; set the environment variables of at least one (see README.md):\n%s", strings.Join(needed, "\n"))
	}
	return all, nil
}

// list splits text at commas.
func list(text string) (items []string) {
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
