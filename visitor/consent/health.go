package consent

import "time"

// HealthState is whether messages arrive at an address.
type HealthState string

// The states of health.
const (
	Healthy    HealthState = "ok"          // messages arrive again
	SoftBounce HealthState = "soft"        // one message failed; the next one can arrive
	HardBounce HealthState = "hard_bounce" // the address does not take messages
	Complaint  HealthState = "complaint"   // the person reported a message as spam
	Blocked    HealthState = "blocked"     // the person blocked the sender
	Invalid    HealthState = "invalid"     // the address does not exist
)

// HealthReport says whether messages of a sender arrive at an address. It is no statement of the
// person about permission, except that a person who blocks a sender must not be written to.
type HealthReport struct {
	Subject Subject     `json:"subject"`
	State   HealthState `json:"state"`
	At      time.Time   `json:"at,omitzero"`    // when it happened; zero: when it is recorded
	Code    string      `json:"code,omitempty"` // the channel's own code, such as "131026" or "kicked"
}
