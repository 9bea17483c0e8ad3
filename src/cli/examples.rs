//! The embedded scenarios, incidents and sweeps: the lists that `example`, `--example` and `compare` read.

/// An embedded scenario or sweep.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// What it is called on the command line.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
    /// The files that it names.
    pub files: &'static [(&'static str, &'static [u8])],
}

macro_rules! examples {
    ($(#[$doc:meta])* $list:ident, $folder:literal: $($name:literal $([$($file:literal),*])?;)*) => {
        $(#[$doc])*
        pub const $list: &[Example] = &[$(Example {
            name: $name,
            text: include_str!(concat!("../../configs/", $folder, $name, ".json")),
            files: &[$($(($file, include_bytes!(concat!("../../configs/", $folder, $file)))),*)?],
        }),*];
    };
}

// A scenario that names files lists them: "replay" ["replay.csv"];
examples! {
    /// All embedded scenarios, the one that `compare` takes by default first.
    EXAMPLES, "":
    "default-cluster";
    "node-step-50";
    "node-step-51";
    "hot-node";
    "few-replicas";
    "leaked-connections";
    "sql-churn";
    "many-destinations";
    "firewall-buckets";
    "external-dns";
    "queue-workers";
    "private-endpoint";
    "network-rules";
    "ways-out";
    "two-gateways";
    "egress-gateway";
    "pod-local-ports";
    "windows-pool";
    "http-proxy";
    "proxy-folds";
    "system-traffic";
    "deploy-at-once";
    "office-hours";
    "bursting-workers";
    "quiet-connections";
    "connection-pools";
    "node-51-joins";
    "ports-reset";
    "migrate-to-nat-gateway";
    "firewall-scales-in";
    "autoscaled-pool";
    "firewall-scales-out";
    "replayed-trace" ["traces/nightly-job.csv"];
}

examples! {
    /// All embedded sweeps.
    SWEEPS, "sweeps/":
    "node-tiers";
    "idle-timeout-ports";
    "idle-timeout-breaks";
    "nat-gateway-ips";
    "firewall-ips-instances";
    "hot-node-share";
    "hold-down";
    "stagger";
    "together";
}

examples! {
    /// Incidents that were told in public, as scenarios; `configs/incidents/index.json` says what must come out.
    INCIDENTS, "incidents/":
    "R01";
    "R01-refused";
    "R02-before";
    "R02";
    "R02-refused";
    "R04";
    "R05";
    "R06";
    "R07";
    "R08";
    "R09";
    "R09-fix";
    "R10";
    "R10-apart";
    "R10-fix";
    "R11";
    "R12";
    "R12-fix";
    "R13";
    "R14";
    "R15";
    "R15-fix";
    "R16";
    "R17";
    "R18";
    "R18-refused";
    "R19";
    "R19-refused";
}

/// The lists of scenarios: what can be run, compared and explained.
pub const SCENARIOS: &[&[Example]] = &[EXAMPLES, INCIDENTS];

/// What the sources of an incident come after in its description.
const SOURCE: &str = " Source: ";

impl Example {
    /// The scenario with this name.
    pub fn find(name: &str) -> Option<&'static Example> {
        let mut scenarios = SCENARIOS.iter().copied().flatten();
        scenarios.find(|example| example.name == name)
    }

    /// What it shows: its `description`.
    pub fn description(&self) -> String {
        let value: serde_json::Value =
            serde_json::from_str(self.text).expect("embedded files are JSON");
        let text = value["description"].as_str();
        text.unwrap_or_default().to_owned()
    }

    /// What it shows, without where it comes from and what is assumed.
    pub fn headline(&self) -> String {
        let description = self.description();
        let end = description.find(SOURCE).unwrap_or(description.len());
        description[..end].to_owned()
    }

    /// The bytes of a file that it names.
    pub fn file(&self, name: &str) -> Option<&'static [u8]> {
        let mut files = self.files.iter();
        files
            .find(|(known, _)| *known == name)
            .map(|(_, bytes)| *bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model, scenario};

    #[test]
    fn every_sweep_can_be_run_and_says_what_it_shows() {
        for example in SWEEPS {
            let source = crate::cli::Source::Embedded(example);
            let sweep = crate::sweep::load(example.text, example.name, &[], &source)
                .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
            assert_eq!(sweep.name, example.name);
            assert!(!sweep.description.is_empty(), "{}", example.name);
            assert!(
                Example::find(example.name).is_none(),
                "a scenario has its name"
            );
        }
    }

    #[test]
    fn every_example_is_a_scenario_that_says_what_it_shows_and_that_azure_accepts() {
        for example in EXAMPLES {
            let mut loaded = scenario::load(example.text, example.name, &[])
                .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
            loaded.fill_in_azure_types();
            let mut files = |name: &str| {
                let bytes = example.file(name).map(<[u8]>::to_vec);
                bytes.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))
            };
            let model = model::build(&loaded, &mut files)
                .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
            assert_eq!(model.name, example.name);
            assert!(!example.description().is_empty(), "{}", example.name);
        }
    }
    #[test]
    fn every_incident_says_where_it_comes_from_and_what_is_assumed() {
        for example in INCIDENTS {
            let description = example.description();
            let (headline, rest) = description.split_once(SOURCE).expect("a source");
            assert_eq!(headline, example.headline());
            assert!(headline.ends_with('.'), "{}", example.name);
            assert!(rest.contains(" Assumed: "), "{}", example.name);
            let value: serde_json::Value = serde_json::from_str(example.text).expect("JSON");
            assert_eq!(value["name"], example.name);
        }
    }
}
