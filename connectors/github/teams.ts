/**
 * GitHub: changes to a team by its number, which name no organisation. They do what those by its name do, so that they have
 * their names; which team of which organisation it is, only GitHub knows. https://docs.github.com/rest/teams
 */
import type { Access, Meaning, Route } from '../../src/model.js';

/** A change to a team, or (if the path names a repository) to what a team may do with it. */
const change =
  (action: string, alias: string, unknown: readonly string[] = []): Route =>
  (_, { team_id: team, username, owner, repo }): Meaning => {
    const ofRepository = owner !== undefined;
    return {
      action,
      aliases: [alias],
      access: 'permissions' satisfies Access,
      resource: ofRepository ? `repo:${owner}/${repo}` : `team:${team}`,
      parameters: username === undefined ? {} : { username },
      unknown: [...(ofRepository ? ['team'] : ['resource']), ...unknown],
    };
  };

export const teamsByNumber: { readonly [methodAndTemplate: string]: Route } = {
  'PATCH /teams/{team_id}': change('team.update', 'teams.update_legacy'),
  'DELETE /teams/{team_id}': change('team.delete', 'teams.delete_legacy'),
  'PUT /teams/{team_id}/members/{username}': change('team.add_member', 'teams.add_member_legacy', ['role']),
  'DELETE /teams/{team_id}/members/{username}': change('team.remove_member', 'teams.remove_member_legacy'),
  'PUT /teams/{team_id}/memberships/{username}': change(
    'team.add_member',
    'teams.add_or_update_membership_for_user_legacy',
    ['role'],
  ),
  'DELETE /teams/{team_id}/memberships/{username}': change(
    'team.remove_member',
    'teams.remove_membership_for_user_legacy',
  ),
  'PUT /teams/{team_id}/repos/{owner}/{repo}': change('team.add_repo', 'teams.add_or_update_repo_permissions_legacy', [
    'permission',
  ]),
  'DELETE /teams/{team_id}/repos/{owner}/{repo}': change('team.remove_repo', 'teams.remove_repo_legacy'),
};
