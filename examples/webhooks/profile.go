package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// Base URLs of profiles. A version of the Graph API is available for about two years:
// https://developers.facebook.com/docs/graph-api/changelog.
const (
	facebook  = "https://graph.facebook.com/v24.0/"
	instagram = "https://graph.instagram.com/v24.0/"
)

// messengerProfile fetches the name of a person who wrote to a page:
// https://developers.facebook.com/docs/messenger-platform/identity/user-profile. Without a token
// it returns nil.
func messengerProfile(base, token string) store.ProfileFetcher {
	if token == "" {
		return nil
	}
	return func(ctx context.Context, c visitor.Contact) (visitor.Contact, error) {
		body, err := graph(ctx, base, token, c.ExternalID, "id,first_name,last_name")
		if err != nil {
			return c, err
		}
		e, err := intake.Messenger{}.Profile(c.Account, body)
		return e.Contact, err
	}
}

// instagramProfile fetches the name and username of a person who wrote to an account:
// https://developers.facebook.com/docs/messenger-platform/instagram/features/user-profile.
func instagramProfile(base, token string) store.ProfileFetcher {
	if token == "" {
		return nil
	}
	return func(ctx context.Context, c visitor.Contact) (visitor.Contact, error) {
		body, err := graph(ctx, base, token, c.ExternalID, "id,name,username")
		if err != nil {
			return c, err
		}
		e, err := intake.Instagram{}.Profile(c.Account, body)
		return e.Contact, err
	}
}

// messengerLead fetches the answers of a lead, whose event has only its id. The token needs the
// permission leads_retrieval:
// https://developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving.
func messengerLead(base, token string) store.ProfileFetcher {
	if token == "" {
		return nil
	}
	return func(ctx context.Context, c visitor.Contact) (visitor.Contact, error) {
		body, err := graph(ctx, base, token, strings.TrimPrefix(c.ExternalID, intake.LeadPrefix), "id,created_time,field_data,form_id,ad_id")
		if err != nil {
			return c, err
		}
		e, err := intake.Messenger{}.Lead(c.Account, body)
		return e.Contact, err
	}
}

// graph reads fields of one node of the Graph API. The token is in a header and errors omit the
// URL, so that neither gets into a log.
func graph(ctx context.Context, base, token, id, fields string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+url.PathEscape(id)+"?fields="+url.QueryEscape(fields), nil)
	if err != nil {
		return nil, errors.New("request the Graph API: malformed URL")
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, fmt.Errorf("request the Graph API: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("request the Graph API: answered %d", answer.StatusCode)
	}
	return io.ReadAll(io.LimitReader(answer.Body, 1<<20))
}
