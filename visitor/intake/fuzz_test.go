package intake_test

import (
	"reflect"
	"testing"

	"github.com/contactpipeline/visitors/visitor/intake/intaketest"
)

// fuzz reads whatever it is given with each of the channels, which must stay sound and give
// the same again. The seeds are the deliveries of the folders.
func fuzz(f *testing.F, folders ...string) {
	use := map[string]bool{}
	for _, folder := range folders {
		use[folder] = true
	}
	for _, d := range intaketest.Deliveries() {
		if use[d.Folder] {
			f.Add(d.ContentType, d.Body)
		}
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		for _, folder := range folders {
			channel, h := channels[folder], contentType(kind)
			batch, err := channel.Parse(h, body)
			if problem := sound(batch, err); problem != nil {
				t.Fatalf("%s: %v", folder, problem)
			}
			again, errAgain := channel.Parse(h, body)
			if !reflect.DeepEqual(batch, again) || (err == nil) != (errAgain == nil) {
				t.Fatalf("%s: read twice, and not the same", folder)
			}
			if err := channel.Verify(h, body); err == nil && platform(folder) {
				t.Fatalf("%s: accepted without a secret", folder)
			}
		}
	})
}

func FuzzWhatsApp(f *testing.F)  { fuzz(f, "whatsapp", "whatsapp-standby") }
func FuzzMessenger(f *testing.F) { fuzz(f, "messenger", "messenger-standby", "messenger-referrals") }
func FuzzInstagram(f *testing.F) {
	fuzz(f, "instagram", "instagram-comments", "instagram-standby", "instagram-referrals")
}
func FuzzTelegram(f *testing.F) { fuzz(f, "telegram", "telegram-nobot") }
func FuzzChat(f *testing.F)     { fuzz(f, "chat", "chat-required", "chat-noclock") }
func FuzzForm(f *testing.F)     { fuzz(f, "form", "form-guarded", "form-by-email") }
