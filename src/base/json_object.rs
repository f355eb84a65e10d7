//! Writes a JSON object member by member. What is written once, in one place, takes less code so than with a type of its own
//! that derives it.

use crate::base::timestamp::Timestamp;

/// A JSON object that is being written. Members come in the order in which they are added.
#[derive(Debug, Clone)]
pub struct JsonObject(String);

impl Default for JsonObject {
    fn default() -> Self {
        Self("{".to_owned())
    }
}

impl JsonObject {
    /// Goes on after the members of an object that has been written, such as `{"a":1}`.
    #[must_use]
    pub fn after(mut object: String) -> Self {
        object.pop();
        Self(object)
    }

    /// Adds a member. Its name needs no escapes, and its value is JSON already.
    pub fn json(&mut self, name: &str, value: &str) {
        for part in [if self.0.len() > 1 { ",\"" } else { "\"" }, name, "\":", value] {
            self.0.push_str(part);
        }
    }

    /// Adds a text, or null.
    pub fn text(&mut self, name: &str, value: Option<&str>) {
        // Writing a text cannot fail.
        self.json(name, &serde_json::to_string(&value).unwrap_or_default());
    }

    /// Adds true or false.
    pub fn flag(&mut self, name: &str, value: bool) {
        self.json(name, if value { "true" } else { "false" });
    }

    /// Adds an instant, or null.
    pub fn instant(&mut self, name: &str, value: Option<Timestamp>) {
        self.text(name, value.map(|instant| instant.to_string()).as_deref());
    }

    /// The object.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::JsonObject;
    use crate::base::timestamp::Timestamp;

    #[test]
    fn writes_members_in_order() {
        assert_eq!(JsonObject::default().finish(), "{}");
        let mut object = JsonObject::default();
        object.text("a", Some("\"\\\u{1}é"));
        object.text("b", None);
        object.instant("c", Timestamp::from_rfc3339("2026-05-18T14:00:00Z"));
        let object = object.finish();
        assert_eq!(
            object,
            "{\"a\":\"\\\"\\\\\\u0001é\",\"b\":null,\"c\":\"2026-05-18T14:00:00.000Z\"}"
        );
        let mut longer = JsonObject::after(object.clone());
        longer.json("d", "[1]");
        assert_eq!(longer.finish(), object.replace("Z\"}", "Z\",\"d\":[1]}"));
        let mut first = JsonObject::after("{}".to_owned());
        first.instant("d", None);
        first.flag("e", true);
        first.flag("f", false);
        assert_eq!(first.finish(), "{\"d\":null,\"e\":true,\"f\":false}");
    }
}
