use super::*;

fn said(host: &str, waiting: &str) -> Said {
    let mut headers = HeaderMap::new();
    headers.insert(AGENT_HOST, host.parse().unwrap());
    headers.insert(AGENT_WAITING, waiting.parse().unwrap());
    Said::of(&headers)
}

#[test]
fn what_an_agent_said_last_is_seen_and_nonsense_is_not() {
    let agents = Agents::default();
    let (agent, stream) = (AgentId([1; 16]), "web".parse().unwrap());
    agents.heard(agent, &stream, said("one.example", "7000"));
    agents.heard(agent, &stream, said("one.example", "12"));
    let seen = agents.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].host.as_deref(), Some("one.example"));
    assert_eq!(seen[0].waiting, Some(12));
    assert_eq!(said("<b>", "-1"), Said::default());
    assert_eq!(Said::of(&HeaderMap::new()), Said::default());
}

#[test]
fn only_so_many_are_remembered() {
    let agents = Agents::default();
    let stream = "web".parse().unwrap();
    for number in 0..=MOST as u64 {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_le_bytes());
        agents.heard(AgentId(id), &stream, Said::default());
    }
    let seen = agents.seen();
    assert_eq!(seen.len(), MOST);
    assert!(!seen.iter().any(|seen| seen.agent == AgentId([0; 16])));
}
