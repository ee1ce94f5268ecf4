package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/contactpipeline/visitors/store"
)

// signature is the header with the HMAC-SHA-256 of the body, in hex.
const signature = "X-Signature-256"

func sign(secret, body []byte) string {
	h := hmac.New(sha256.New, secret)
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// deliver posts each event after a number to another server, in order, until ctx ends. It tries again
// until the server accepts an event, and returns the number of the last one that it did: as automate,
// it goes on from there, and the server can get an event twice, with the same seq.
func deliver(ctx context.Context, ws *store.Workspace, after store.Seq, url string, secret []byte) (store.Seq, error) {
	for e, err := range ws.Subscribe(ctx, after) {
		if err != nil {
			return after, err
		}
		body, err := json.Marshal(e)
		if err != nil {
			return after, err
		}
		for wait := 50 * time.Millisecond; post(ctx, url, secret, body) != nil; wait = min(2*wait, time.Minute) {
			select {
			case <-ctx.Done():
				return after, nil
			case <-time.After(wait):
			}
		}
		after = e.Seq
	}
	return after, nil
}

func post(ctx context.Context, url string, secret, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(signature, sign(secret, body))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	res.Body.Close()
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("the server answered %s", res.Status)
	}
	return nil
}
